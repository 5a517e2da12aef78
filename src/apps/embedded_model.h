// The model that is part of the program: models/hermes-nano, as it was when the program was built.
#pragma once

#include <string_view>

namespace hermes::apps {

inline constexpr std::string_view kEmbeddedModel = "embedded:hermes-nano";

// Makes its files readable under that name (base/embedded_files.h). Without the folder at build time there are none.
void register_embedded_model();

}  // namespace hermes::apps
