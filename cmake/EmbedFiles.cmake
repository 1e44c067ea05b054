# vedette_embed(NAME FOLDER dir DEPENDS files or targets that make the folder ...)
# Turns a folder into the library vedette_embed_NAME with the function vedette::embed::NAME(), declared in
# "embed/NAME.hpp": its files as a table of http::EmbeddedFile, compressed with gzip and brotli where it pays. Without
# FOLDER the table is empty. The files are looked for at build time; what did not change is not compressed again.
find_package(Python3 COMPONENTS Interpreter REQUIRED)

function(vedette_embed name)
  cmake_parse_arguments(arg "" "FOLDER" "DEPENDS" ${ARGN})
  set(out "${CMAKE_CURRENT_BINARY_DIR}/embed-${name}")
  set(script "${CMAKE_SOURCE_DIR}/cmake/embed_files.py")
  set(command "${Python3_EXECUTABLE}" "${script}" --name "${name}" --out "${out}")
  if(arg_FOLDER)
    list(APPEND command --folder "${arg_FOLDER}")
  endif()
  add_custom_command(
    OUTPUT "${out}/${name}.cpp" "${out}/${name}.S"
    COMMAND ${command}
    DEPENDS "${script}" ${arg_DEPENDS}
    COMMENT "Embedding ${name}"
    VERBATIM)
  add_library(vedette_embed_${name} STATIC "${out}/${name}.cpp" "${out}/${name}.S")
  target_include_directories(vedette_embed_${name} PUBLIC "${out}/include")
  target_link_libraries(vedette_embed_${name} PUBLIC vedette_http)
  file(CONFIGURE OUTPUT "${out}/include/embed/${name}.hpp" CONTENT [[
// Made by cmake/EmbedFiles.cmake.
#pragma once

#include <span>

#include "http/static_files.hpp"

namespace vedette::embed {

std::span<const http::EmbeddedFile> @name@();

}  // namespace vedette::embed
]] @ONLY)
endfunction()
