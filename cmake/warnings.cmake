# Warnings are errors, for GCC 12 and clang 14 and later.
function(hermes_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Wcast-qual -Wunused -Woverloaded-virtual -Wdouble-promotion -Wimplicit-fallthrough -Wextra-semi -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 sees overflows inside fmt's inlined integer formatting that are not there.
    target_compile_options(${target} PRIVATE -Wno-stringop-overflow)
  endif()
endfunction()
