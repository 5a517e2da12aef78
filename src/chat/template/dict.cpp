// Dicts: Python's keys (1, 1.0 and true are one), insertion order, and an index where there are many.
#include <cmath>
#include <functional>

#include "chat/template/operations.h"

namespace hermes::chat::jinja {
namespace {

constexpr size_t kIndexed = 9;  // entries from which on a dict has an index

uint64_t mix(uint64_t h) {
  h ^= h >> 33;
  h *= 0xFF51AFD7ED558CCDu;
  h ^= h >> 33;
  return h;
}

uint64_t hash_text(std::string_view text) { return std::hash<std::string_view>{}(text); }

std::optional<uint64_t> hash_at(Run& run, const Value& v, int& depth) {
  switch (v.kind) {
    case Kind::kString:
      return hash_text(v.text());
    case Kind::kBool:
    case Kind::kInt:
      return mix(static_cast<uint64_t>(v.as_integer()));
    case Kind::kFloat:
      if (v.real == std::floor(v.real) && std::abs(v.real) < 0x1p63)
        return mix(static_cast<uint64_t>(static_cast<int64_t>(v.real)));
      return std::hash<double>{}(v.real);
    case Kind::kTuple: {
      const Descent descent(run, depth);
      if (!descent || !run.charge(v.items().size())) return std::nullopt;
      uint64_t h = v.items().size();
      for (const Value& item : v.items()) {
        const auto part = hash_at(run, item, depth);
        if (!part) return std::nullopt;
        h = mix(h * 31 + *part);
      }
      return h;
    }
    case Kind::kList:
    case Kind::kDict:
    case Kind::kDictView:
      run.fail("unhashable type: '{}'", type_name(v));
      return std::nullopt;
    case Kind::kNone:
    case Kind::kUndefined:
    case Kind::kRange:
      return static_cast<uint64_t>(v.kind);
    default:
      return mix(reinterpret_cast<uintptr_t>(v.string));  // by identity
  }
}

// Where the entry with the key is, or the free slot where it belongs.
template <class Matches>
size_t probe(std::span<const uint32_t> index, uint64_t key_hash, Matches&& matches) {
  size_t at = mix(key_hash) & (index.size() - 1);
  while (index[at] != 0 && !matches(index[at] - 1)) at = (at + 1) & (index.size() - 1);
  return at;
}

bool same_key(Run& run, const Value& a, const Value& b) {
  const auto same = equal(run, a, b);
  return same && *same;
}

}  // namespace

std::optional<uint64_t> hash(Run& run, const Value& value) {
  int depth = 0;
  return hash_at(run, value, depth);
}

const Value* lookup(const Dict& dict, std::string_view key) {
  if (dict.index.empty()) {
    for (const DictEntry& e : dict.entries) {
      if (e.key.is_string() && e.key.text() == key) return &e.value;
    }
    return nullptr;
  }
  const size_t at = probe(dict.index, hash_text(key), [&](size_t i) {
    return dict.entries[i].key.is_string() && dict.entries[i].key.text() == key;
  });
  return dict.index[at] == 0 ? nullptr : &dict.entries[dict.index[at] - 1].value;
}

const Value* lookup(Run& run, const Dict& dict, const Value& key) {
  if (key.is_string()) return lookup(dict, key.text());
  const auto key_hash = hash(run, key);
  if (!key_hash) return nullptr;
  if (dict.index.empty()) {
    for (const DictEntry& e : dict.entries) {
      if (same_key(run, e.key, key)) return &e.value;
    }
    return nullptr;
  }
  const size_t at = probe(dict.index, *key_hash, [&](size_t i) { return same_key(run, dict.entries[i].key, key); });
  return dict.index[at] == 0 ? nullptr : &dict.entries[dict.index[at] - 1].value;
}

bool DictBuilder::grow_index() {
  const size_t slots = index_.empty() ? 32 : 2 * index_.size();
  index_ = {run_.arena().make_array<uint32_t>(slots), slots};
  for (size_t i = 0; i < entries_.size(); ++i) {
    const auto key_hash = hash(run_, entries_[i].key);
    if (!key_hash) return false;
    index_[probe(index_, *key_hash, [](size_t) { return false; })] = static_cast<uint32_t>(i + 1);
  }
  return run_.charge(entries_.size());
}

bool DictBuilder::set(const Value& key, const Value& value) {
  const auto key_hash = hash(run_, key);
  if (!key_hash || !run_.charge(1)) return false;
  if (index_.empty()) {
    for (DictEntry& e : entries_) {
      if (same_key(run_, e.key, key)) {
        e.value = value;
        return true;
      }
    }
    if (run_.failed()) return false;
    entries_.push_back({key, value});
    return entries_.size() < kIndexed || grow_index();
  }
  const size_t at = probe(index_, *key_hash, [&](size_t i) { return same_key(run_, entries_[i].key, key); });
  if (run_.failed()) return false;
  if (index_[at] != 0) {
    entries_[index_[at] - 1].value = value;
    return true;
  }
  entries_.push_back({key, value});
  index_[at] = static_cast<uint32_t>(entries_.size());
  return 2 * entries_.size() < index_.size() || grow_index();
}

bool DictBuilder::set_all(const Dict& dict) {
  for (const DictEntry& e : dict.entries) {
    if (!set(e.key, e.value)) return false;
  }
  return true;
}

Value DictBuilder::done() {
  return Value::of(run_.arena().make<const Dict>(Dict{.entries = {entries_.data(), entries_.size()}, .index = index_}));
}

}  // namespace hermes::chat::jinja
