# hermes_test_target(<target> [THREADS] [PREFIX p] LABEL l): a GoogleTest binary's warnings, options and tests. THREADS: its
# code starts threads, so that ThreadSanitizer has something to see; the target thread_tests builds those alone, and their
# label is l+threads (one label: lists do not survive gtest_discover_tests).
function(hermes_test_target target)
  cmake_parse_arguments(ARG "THREADS" "PREFIX;LABEL" "" ${ARGN})
  hermes_warnings(${target})
  # Tests themselves are compiled quickly; what they test keeps its own level.
  if(HERMES_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  else()
    target_compile_options(${target} PRIVATE -O1)
  endif()
  if(ARG_THREADS)
    string(APPEND ARG_LABEL "+threads")
    if(NOT TARGET thread_tests)
      add_custom_target(thread_tests)
    endif()
    add_dependencies(thread_tests ${target})
  endif()
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${ARG_PREFIX}" DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 300 LABELS "${ARG_LABEL}")
endfunction()
