// Judging in one line, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/json.h"
#include "verify/verifier.h"

namespace hermes::verify {

inline Verdict verdict(std::string_view specification, const chat::Reply& reply) {
  const json::value value = parse_json(specification, "specification").value();
  const Result<std::unique_ptr<const Verifier>> verifier = make_verifier(value.get_object(), "test");
  if (!verifier.ok()) {
    ADD_FAILURE() << verifier.error().message();
    return Verdict::could_not_tell("no verifier");
  }
  const Verdict out = (*verifier)->judge(reply);
  EXPECT_EQ(out.reason.empty(), out.passed()) << out.reason;
  return out;
}

inline Outcome judged(std::string_view specification, std::string_view content) {
  chat::Reply reply;
  reply.content = content;
  return verdict(specification, reply).outcome;
}

// The message that refuses a specification; empty where it is taken.
inline std::string refusal(std::string_view specification) {
  const json::value value = parse_json(specification, "specification").value();
  const Result<std::unique_ptr<const Verifier>> verifier = make_verifier(value.get_object(), "test");
  return verifier.ok() ? std::string() : verifier.error().message();
}

// What a verifier says of each of these contents: all passed, or none did.
inline void expect_passes(std::string_view specification, std::initializer_list<std::string_view> contents) {
  for (const std::string_view content : contents) {
    chat::Reply reply;
    reply.content = content;
    const Verdict out = verdict(specification, reply);
    EXPECT_TRUE(out.passed()) << specification << "\n  " << content << "\n  " << to_string(out.outcome) << ": "
                              << out.reason;
  }
}

inline void expect_no_pass(std::string_view specification, std::initializer_list<std::string_view> contents) {
  for (const std::string_view content : contents) {
    EXPECT_NE(judged(specification, content), Outcome::kPass) << specification << "\n  " << content;
  }
}

}  // namespace hermes::verify
