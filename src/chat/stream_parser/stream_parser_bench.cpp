// A reply of 100,000 characters in pieces of four, as tokens bring them.
#include <benchmark/benchmark.h>

#include <boost/json.hpp>

#include "chat/stream_parser/stream_parser.h"

namespace hermes::chat {
namespace {

void parse_in_pieces(benchmark::State& state, const std::string& text) {
  for (auto _ : state) {
    StreamParser parser;
    size_t events = 0;
    const auto count = [&](const ReplyEvent&) { ++events; };
    for (size_t at = 0; at < text.size(); at += 4) parser.push(std::string_view(text).substr(at, 4), count);
    parser.finish(StreamParser::Ending::kComplete, count);
    benchmark::DoNotOptimize(events);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}

std::string repeated(std::string_view unit) {
  std::string text;
  while (text.size() < 100'000) text += unit;
  return text;
}

void BM_Content(benchmark::State& state) { parse_in_pieces(state, repeated("Some words, a < b, and more of them. ")); }
BENCHMARK(BM_Content);

void BM_Reasoning(benchmark::State& state) {
  parse_in_pieces(state, "<think>" + repeated("First this, then that.\n") + "</think>Yes.");
}
BENCHMARK(BM_Reasoning);

void BM_ShortCalls(benchmark::State& state) {
  parse_in_pieces(state, repeated("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>\n"));
}
BENCHMARK(BM_ShortCalls);

void BM_OneLongCall(benchmark::State& state) {
  parse_in_pieces(state, "<tool_call>{\"name\": \"write\", \"arguments\": {\"text\": \"" + repeated("a line \\n") +
                             "\"}}</tool_call>");
}
BENCHMARK(BM_OneLongCall);

}  // namespace
}  // namespace hermes::chat
