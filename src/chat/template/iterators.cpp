// Iterating: over what values hold, and the special variable of a for loop.
#include "base/utf8.h"
#include "chat/template/operations.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

class ItemsIterator final : public Iterator {
 public:
  explicit ItemsIterator(std::span<const Value> items) : items_(items) {}
  bool next(Run& run, Value* out) override {
    if (at_ >= items_.size() || !run.charge(1)) return false;
    *out = items_[at_++];
    return true;
  }

 private:
  std::span<const Value> items_;
  size_t at_ = 0;
};

class TextIterator final : public Iterator {
 public:
  explicit TextIterator(const Value& text) : text_(text) {}
  bool next(Run& run, Value* out) override {
    const std::string_view rest = text_.text().substr(at_);
    if (rest.empty() || !run.charge(1)) return false;
    const size_t length = decode_utf8(rest, 0).length;
    at_ += length;
    *out = run.view(rest.substr(0, length));  // of Markup, too, the letters are plain
    return true;
  }

 private:
  Value text_;
  size_t at_ = 0;
};

class DictIterator final : public Iterator {
 public:
  DictIterator(const Dict& dict, DictView::Which which) : dict_(&dict), which_(which) {}
  bool next(Run& run, Value* out) override {
    if (at_ >= dict_->entries.size() || !run.charge(1)) return false;
    const DictEntry& e = dict_->entries[at_++];
    *out = which_ == DictView::kKeys ? e.key : which_ == DictView::kValues ? e.value : run.pair(e.key, e.value);
    return true;
  }

 private:
  const Dict* dict_;
  DictView::Which which_;
  size_t at_ = 0;
};

class RangeIterator final : public Iterator {
 public:
  explicit RangeIterator(const Range& range) : range_(range) {}
  bool next(Run& run, Value* out) override {
    if (at_ >= range_.size() || !run.charge(1)) return false;
    *out = Value::of(range_.at(at_++));
    return true;
  }

 private:
  Range range_;
  int64_t at_ = 0;
};

// A loop object is its own iterator in Python, too: it yields (item, loop) and moves the loop on.
class LoopIterator final : public Iterator {
 public:
  explicit LoopIterator(Loop& loop) : loop_(&loop) {}
  bool next(Run& run, Value* out) override {
    Value item;
    if (!loop_->advance(run, &item)) return false;
    *out = run.pair(item, Value::of(loop_));
    return true;
  }

 private:
  Loop* loop_;
};

}  // namespace

bool is_iterable(const Value& v) {
  switch (v.kind) {
    case Kind::kUndefined:
    case Kind::kString:
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kDict:
    case Kind::kRange:
    case Kind::kDictView:
    case Kind::kIterator:
    case Kind::kLoop:
      return true;
    default:
      return false;
  }
}

Iterator* iterate_items(Run& run, std::span<const Value> items) { return run.arena().make<ItemsIterator>(items); }

Iterator* iterate(Run& run, const Value& v) {
  switch (v.kind) {
    case Kind::kUndefined:
      return iterate_items(run, {});
    case Kind::kString:
      return run.arena().make<TextIterator>(v);
    case Kind::kList:
    case Kind::kTuple:
      return iterate_items(run, v.items());
    case Kind::kDict:
      return run.arena().make<DictIterator>(*v.dict, DictView::kKeys);
    case Kind::kDictView:
      return run.arena().make<DictIterator>(*v.view->dict, v.view->which);
    case Kind::kRange:
      return run.arena().make<RangeIterator>(*v.range);
    case Kind::kIterator:
      return v.iterator;
    case Kind::kLoop:
      return run.arena().make<LoopIterator>(*v.loop);
    default:
      run.fail("'{}' object is not iterable", type_name(v));
      return nullptr;
  }
}

bool collect(Run& run, const Value& value, ArenaVector<Value>& out) {
  if (value.is_sequence()) out.reserve(out.size() + value.items().size());
  Iterator* items = iterate(run, value);
  if (items == nullptr) return false;
  Value item;
  while (items->next(run, &item)) {
    out.push_back(item);
    if (out.size() > kMaxListItems) return run.allow_items(out.size());
  }
  return !run.failed();
}

std::optional<size_t> length(Run& run, const Value& v) {
  switch (v.kind) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      if (!run.charge_text(v.text().size())) return std::nullopt;
      return code_points(*v.string);
    case Kind::kList:
    case Kind::kTuple:
      return v.items().size();
    case Kind::kDict:
      return v.dict->entries.size();
    case Kind::kDictView:
      return v.view->dict->entries.size();
    case Kind::kRange:
      return static_cast<size_t>(v.range->size());
    case Kind::kLoop: {
      const int64_t n = v.loop->length(run);
      if (n < 0) return std::nullopt;
      return static_cast<size_t>(n);
    }
    default:
      run.fail("object of type '{}' has no len()", type_name(v));
      return std::nullopt;
  }
}

bool Loop::advance(Run& run, Value* item) {
  const Descent descent(run, run.iteration_depth());  // a loop may run over a loop
  if (!descent) return false;
  if (!after_.is_missing()) {
    *item = after_;
    after_ = {};
  } else if (!source_->next(run, item)) {
    return false;
  }
  ++index0_;
  before_ = current_;
  current_ = *item;
  return true;
}

bool Loop::peek(Run& run, Value* item) {
  if (after_.is_missing() && !source_->next(run, &after_)) after_ = {};
  *item = after_;
  return !run.failed();
}

int64_t Loop::length(Run& run) {
  if (length_ >= 0) return length_;
  ArenaVector<Value> rest(run.arena());
  if (!collect(run, Value::of(source_), rest)) return -1;
  source_ = iterate_items(run, {rest.data(), rest.size()});
  length_ = static_cast<int64_t>(rest.size()) + index0_ + 1 + (after_.is_missing() ? 0 : 1);
  return length_;
}

}  // namespace hermes::chat::jinja
