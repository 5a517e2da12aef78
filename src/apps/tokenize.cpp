#include <boost/json.hpp>
#include <iostream>
#include <iterator>

#include "apps/commands.h"
#include "apps/model_options.h"
#include "base/json.h"
#include "base/utf8.h"

namespace hermes::apps {
namespace {

struct TokenizeOptions {
  std::string path;
  std::string text;
  bool json = false;
  bool no_special = false;
  bool no_bos = false;
};

Status tokenize(const TokenizeOptions& options) {
  HERMES_ASSIGN(const tokenizer::Tokenizer tokenizer, load_tokenizer(options.path));
  const std::string text =
      options.text == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : options.text;
  HERMES_ASSIGN(const auto ids,
                tokenizer.encode(text, {.add_special = !options.no_bos, .parse_special = !options.no_special}));
  if (options.json) {
    json::array id_list, token_list;
    for (const auto id : ids) {
      id_list.emplace_back(id);
      token_list.emplace_back(std::string(tokenizer.token_text(id)));
    }
    return print(to_json_text(json::object{{"ids", std::move(id_list)}, {"tokens", std::move(token_list)}}) + "\n");
  }
  std::string out;
  for (const auto id : ids) {
    const std::string bytes = to_valid_utf8(tokenizer.token_bytes(id));
    fmt::format_to(std::back_inserter(out), "{:>8}  {}\n", id, to_json_text(json::string(bytes)));
  }
  return print(out + fmt::format("{} tokens, {} bytes\n", ids.size(), text.size()));
}

}  // namespace

void add_tokenize(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("tokenize", "show the tokens of a text");
  auto options = std::make_shared<TokenizeOptions>();
  command->add_option("MODEL", options->path, "model folder, .gguf file, or a tokenizer.json")->required();
  command->add_option("TEXT", options->text, "the text; - reads standard input")->required();
  command->add_flag("--json", options->json,
                    "print {\"ids\": [..], \"tokens\": [..]}, tokens as the vocabulary writes them");
  command->add_flag("--no-special", options->no_special, "keep special tokens in the text as plain text");
  command->add_flag("--no-bos", options->no_bos, "do not add the tokens that open or close every text");
  command->footer("Example: hermes tokenize models/my-model \"Hello, world\"");
  command->callback([options, &action] { action = [options] { return tokenize(*options); }; });
}

}  // namespace hermes::apps
