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
if(VEDETTE_SANITIZE)
  target_compile_options(vedette_options INTERFACE -fsanitize=${VEDETTE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(vedette_options INTERFACE -fsanitize=${VEDETTE_SANITIZE})
endif()

# vedette_library(NAME SOURCES ... DEPENDS other folders ... LINK third-party targets ... TESTS *_test.cpp ...)
# DEPENDS are seen by whoever includes this folder's headers; LINK stays inside it.
function(vedette_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;LINK;TESTS;TEST_LINK" ${ARGN})
  add_library(vedette_${name} STATIC ${arg_SOURCES})
  list(TRANSFORM arg_DEPENDS PREPEND vedette_)
  target_link_libraries(vedette_${name} PUBLIC vedette_options ${arg_DEPENDS} PRIVATE ${arg_LINK})
  if(VEDETTE_TESTS AND arg_TESTS)
    add_executable(${name}_test ${arg_TESTS})
    target_link_libraries(${name}_test PRIVATE vedette_${name} ${arg_LINK} ${arg_TEST_LINK} GTest::gmock_main)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  endif()
endfunction()
