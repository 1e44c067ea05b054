# The two shapes every folder of src/ is made of: one static library, and one test program beside it.

add_library(vedette_options INTERFACE)
target_include_directories(vedette_options INTERFACE "${CMAKE_SOURCE_DIR}/src")
target_compile_options(vedette_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wnull-dereference -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms of g++ 12 in its own headers when optimising.
  target_compile_options(vedette_options INTERFACE -Wno-null-dereference -Wno-maybe-uninitialized -Wno-restrict)
else()
  target_compile_options(vedette_options INTERFACE -Wthread-safety)
endif()
if(VEDETTE_WERROR)
  target_compile_options(vedette_options INTERFACE -Werror)
endif()
# Sanitizers, for our code and for the third-party sources built here: one that misses half the locks sees races that are none.
add_library(vedette_sanitize INTERFACE)
if(VEDETTE_SANITIZE)
  target_compile_options(vedette_sanitize INTERFACE -fsanitize=${VEDETTE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(vedette_sanitize INTERFACE -fsanitize=${VEDETTE_SANITIZE})
endif()
target_link_libraries(vedette_options INTERFACE vedette_sanitize)
if(VEDETTE_FUZZ)
  target_compile_options(vedette_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# vedette_library(NAME SOURCES ... DEPENDS other folders ... LINK third-party targets ... TESTS *_test.cpp ... SHARDS 2)
# DEPENDS are seen by whoever includes this folder's headers; LINK stays inside it. SHARDS: tests that mostly wait run as so
# many processes side by side.
function(vedette_library name)
  cmake_parse_arguments(arg "" "SHARDS" "SOURCES;DEPENDS;LINK;TESTS;TEST_LINK" ${ARGN})
  add_library(vedette_${name} STATIC ${arg_SOURCES})
  list(TRANSFORM arg_DEPENDS PREPEND vedette_)
  target_link_libraries(vedette_${name} PUBLIC vedette_options ${arg_DEPENDS} PRIVATE ${arg_LINK})
  if(VEDETTE_TESTS AND arg_TESTS)
    add_executable(${name}_test ${arg_TESTS})
    target_link_libraries(${name}_test PRIVATE vedette_${name} ${arg_LINK} ${arg_TEST_LINK} GTest::gmock_main)
    if(NOT arg_SHARDS)
      set(arg_SHARDS 1)
    endif()
    foreach(shard RANGE 1 ${arg_SHARDS})
      math(EXPR index "${shard} - 1")
      add_test(NAME ${name}.${shard} COMMAND ${name}_test)
      set_tests_properties(${name}.${shard} PROPERTIES TIMEOUT 600
        ENVIRONMENT "GTEST_TOTAL_SHARDS=${arg_SHARDS};GTEST_SHARD_INDEX=${index};GTEST_OUTPUT=xml:${CMAKE_BINARY_DIR}/reports/${name}.${shard}.xml")
    endforeach()
  endif()
endfunction()
