# oriel_test(name SOURCES a_test.cpp ... [LIBS ...] [LABEL unit|integration] [TIMEOUT seconds] [MAIN])
#
# One executable, one ctest entry: gtest_discover_tests would run every binary at build time.
# LABEL defaults to unit. MAIN: the sources bring their own main().
function(oriel_test name)
  if(NOT TARGET GTest::gtest)
    return()
  endif()
  cmake_parse_arguments(arg "MAIN" "LABEL;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gtest)
  if(NOT arg_MAIN)
    target_link_libraries(${name} PRIVATE GTest::gtest_main)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT}
    SKIP_REGULAR_EXPRESSION "ORIEL-SKIP-ALL")
endfunction()
