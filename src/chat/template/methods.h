// The methods of Python's str, list, tuple, dict and range, and attributes in general.
#pragma once

#include <string_view>

#include "chat/template/objects.h"
#include "chat/template/run.h"

namespace hermes::chat::jinja {

struct MethodEntry {
  std::string_view name;
  // nullptr: the sandbox forbids it, because it would change the object.
  Value (*call)(Run&, const Value& object, const Arguments&);
};

// An attribute's name, with what it means for the commonest types looked up once.
struct AttributeName {
  const String* name = nullptr;
  const MethodEntry* of_string = nullptr;
  const MethodEntry* of_list = nullptr;
  const MethodEntry* of_tuple = nullptr;
  const MethodEntry* of_dict = nullptr;
};
AttributeName attribute_name(const String* name);

const MethodEntry* find_string_method(std::string_view name);
const MethodEntry* find_list_method(std::string_view name);
const MethodEntry* find_tuple_method(std::string_view name);
const MethodEntry* find_dict_method(std::string_view name);

// The method of that name, if the object has one that may be called; nullptr otherwise.
const MethodEntry* callable_method(const Value& object, const AttributeName& name);

// object.name: the attribute, else the item, else undefined. object[key]: the item, else the attribute, else undefined.
Value get_attribute(Run& run, const Value& object, const AttributeName& name);
Value get_item(Run& run, const Value& object, const Value& key);
// The attribute alone: missing where there is none.
Value get_own_attribute(Run& run, const Value& object, const AttributeName& name);
// object[start:stop:step]; bounds may be none.
Value get_slice(Run& run, const Value& object, const Value& start, const Value& stop, const Value& step);

}  // namespace hermes::chat::jinja
