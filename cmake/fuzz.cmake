# hermes_fuzzer(<name> SOURCE foo_fuzz.cpp LIBS hermes_x [CORPUS dir]): a libFuzzer binary, and a test that runs it
# for HERMES_FUZZ_SECONDS. By hand: build/asan-ubsan/.../<name> -max_total_time=3600 <corpus folder>
set(HERMES_FUZZED base tensor formats tokenizer chat grammar model model_files verify)  # folders with parsers
set(HERMES_FUZZ_SECONDS 10 CACHE STRING "seconds each fuzz target runs in tests")
function(hermes_fuzzer name)
  cmake_parse_arguments(ARG "" "SOURCE;CORPUS" "LIBS" ${ARGN})
  if(NOT HERMES_BUILD_FUZZERS)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCE})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  hermes_warnings(${name})
  set(work ${CMAKE_CURRENT_BINARY_DIR}/${name}_found)
  file(MAKE_DIRECTORY ${work})
  # A fixed seed makes a failure repeatable; an hour by hand explores. One input may take 5 s and 1 GiB at most.
  add_test(NAME fuzz.${name} COMMAND ${name} -seed=1 -max_total_time=${HERMES_FUZZ_SECONDS} -timeout=5
           -rss_limit_mb=1024 -malloc_limit_mb=256 -print_final_stats=1 -verbosity=0 ${work} ${ARG_CORPUS})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
