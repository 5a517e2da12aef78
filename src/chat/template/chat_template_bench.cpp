// Parsing and rendering of recipes/nano/chat_template.jinja.
#include <benchmark/benchmark.h>

#include <boost/json.hpp>

#include "base/file.h"
#include "chat/template/chat_template.h"

namespace hermes::chat {
namespace {

std::string nano_source() {
  return read_text_file(HERMES_SOURCE_DIR "/recipes/nano/chat_template.jinja", 1 << 20).value();
}

json::object conversation(int64_t turns) {
  Conversation out;
  out.messages.push_back({.role = "system", .content = "You are a helpful assistant."});
  for (int64_t i = 1; i < turns; ++i) {
    out.messages.push_back({.role = i % 2 == 1 ? "user" : "assistant",
                            .content = i % 2 == 1 ? "What is the next number after this one?"
                                                  : "<think>\nCount on.\n</think>\n\nThe next number is one more."});
  }
  return template_variables(out, true, {{"thinking", true}, {"bos_token", "<|begin_of_text|>"}});
}

void parse(benchmark::State& state) {
  const std::string source = nano_source();
  for (auto _ : state) benchmark::DoNotOptimize(ChatTemplate::parse(source, "nano").value());
}
BENCHMARK(parse);

void render(benchmark::State& state) {
  const ChatTemplate nano = ChatTemplate::parse(nano_source(), "nano").value();
  const json::object variables = conversation(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(nano.render(variables).value());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(render)->Arg(3)->Arg(30)->Arg(1000);

}  // namespace
}  // namespace hermes::chat

BENCHMARK_MAIN();
