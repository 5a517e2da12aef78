# Warnings are errors, for GCC 12 and clang 14 and later.
function(hermes_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Wcast-qual -Wunused -Woverloaded-virtual -Wdouble-promotion -Wimplicit-fallthrough -Wextra-semi -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 sees overflows and overlaps inside inlined strings that are not there (its bugs 105329 and 105651).
    target_compile_options(${target} PRIVATE -Wno-stringop-overflow -Wno-restrict)
  endif()
endfunction()
