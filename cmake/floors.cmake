# The house as code: one line a folder, "folder | floor | folders it may include".
# A folder includes only folders on a strictly lower floor, and only those named here. Link dependencies of
# the static libraries are taken from this table (hermes_folder below); tools/check_floors.py reads the same
# lines and holds every #include against them.
set(HERMES_FLOORS
  "base          | 0 |"
  "tensor        | 1 | base"
  "net           | 1 | base"
  "formats       | 2 | base tensor"
  "ops           | 2 | base tensor"
  "collective    | 2 | base tensor"
  "tokenizer     | 2 | base"
  "kernels/cpu   | 3 | base tensor ops"
  "kernels/cuda  | 3 | base tensor ops"
  "kv            | 3 | base tensor"
  "sampling      | 3 | base tensor ops"
  "chat          | 3 | base tokenizer"
  "grammar       | 3 | base tokenizer"
  "model         | 4 | base tensor formats ops collective kv"
  "generate      | 4 | base tensor tokenizer chat grammar sampling"
  "verify        | 4 | base chat grammar"
  "engine        | 5 | base tensor ops collective tokenizer chat grammar kv sampling model generate"
  "client        | 5 | base net chat generate"
  "model_files   | 5 | base tensor formats tokenizer model"
  "train         | 5 | base tensor formats ops collective tokenizer chat model"
  "serve         | 6 | base net chat grammar generate"
  "synth         | 6 | base chat generate verify"
  "eval          | 6 | base chat generate verify"
  "quantize      | 6 | base tensor formats ops tokenizer model model_files"
  "rl            | 6 | base tensor chat generate verify train"
  "swarm         | 6 | base tensor net collective train"
  "apps          | 7 | *")

# hermes_folder(<folder> SOURCES ... [TESTS ...] [THREADS] [BENCHES ...] [LIBS third-party ...] [TEST_LIBS ...])
# makes the static library hermes_<folder>, its one test binary and its unit benchmark. THREADS: its tests start threads.
function(hermes_folder folder)
  cmake_parse_arguments(ARG "THREADS" "" "SOURCES;TESTS;BENCHES;LIBS;TEST_LIBS" ${ARGN})
  string(REPLACE "/" "_" id "${folder}")
  set(found FALSE)
  foreach(line IN LISTS HERMES_FLOORS)
    if(line MATCHES "^([a-z/_]+) *\\| *([0-9]+) *\\|(.*)$" AND CMAKE_MATCH_1 STREQUAL folder)
      set(found TRUE)
      string(REGEX MATCHALL "[a-z/_*]+" allowed "${CMAKE_MATCH_3}")
    endif()
  endforeach()
  if(NOT found)
    message(FATAL_ERROR "${folder} has no line in cmake/floors.cmake")
  endif()

  add_library(hermes_${id} STATIC ${ARG_SOURCES})
  target_include_directories(hermes_${id} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(hermes_${id} PUBLIC ${ARG_LIBS})
  foreach(dep IN LISTS allowed)
    string(REPLACE "/" "_" dep_id "${dep}")
    if(TARGET hermes_${dep_id})
      target_link_libraries(hermes_${id} PUBLIC hermes_${dep_id})
    endif()
  endforeach()
  hermes_warnings(hermes_${id})
  if(HERMES_BUILD_FUZZERS AND folder IN_LIST HERMES_FUZZED)
    target_compile_options(hermes_${id} PRIVATE -fsanitize=fuzzer-no-link)  # it tells the fuzzer which edges it took
  endif()

  if(ARG_TESTS AND HERMES_BUILD_TESTS)
    set(threads "")
    if(ARG_THREADS)
      set(threads THREADS)
    endif()
    add_executable(${id}_test ${ARG_TESTS})
    target_link_libraries(${id}_test PRIVATE hermes_${id} ${ARG_TEST_LIBS} GTest::gmock GTest::gtest_main)
    hermes_test_target(${id}_test ${threads} PREFIX "${folder}." LABEL "${folder}")
  endif()
  if(ARG_BENCHES AND HERMES_BUILD_BENCHES)
    add_executable(${id}_bench ${ARG_BENCHES})
    target_link_libraries(${id}_bench PRIVATE hermes_${id} ${ARG_TEST_LIBS} benchmark::benchmark)
    hermes_warnings(${id}_bench)
  endif()
endfunction()
