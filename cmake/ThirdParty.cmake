# Everything foreign, found in one place. tools/setup.sh puts it where this looks.

set(VEDETTE_DEPS "$ENV{VEDETTE_DEPS}" CACHE PATH "Where tools/setup.sh keeps what Debian does not package")
if(NOT VEDETTE_DEPS)
  if(DEFINED ENV{XDG_CACHE_HOME})
    set(VEDETTE_DEPS "$ENV{XDG_CACHE_HOME}/vedette/deps")
  else()
    set(VEDETTE_DEPS "$ENV{HOME}/.cache/vedette/deps")
  endif()
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
find_package(EXPAT REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(OpenCV REQUIRED COMPONENTS core imgproc video dnn)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(libav REQUIRED IMPORTED_TARGET libavformat libavcodec libavdevice libavutil libswscale)
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(brotlienc REQUIRED IMPORTED_TARGET libbrotlienc)
pkg_check_modules(pugixml REQUIRED IMPORTED_TARGET pugixml)
pkg_check_modules(deflate REQUIRED IMPORTED_TARGET libdeflate)

# GDAL: its headers alone are used, the library is loaded when the first picture comes (src/imagery).
find_path(GDAL_INCLUDE gdal.h PATH_SUFFIXES gdal REQUIRED)
find_library(GDAL_LIBRARY gdal REQUIRED)
add_library(gdal_headers INTERFACE)
target_include_directories(gdal_headers SYSTEM INTERFACE "${GDAL_INCLUDE}")

# Boost: Asio, Beast, JSON, URL. The system's copy where it is new enough, else the private one; built once, in boost_impl.
find_path(VEDETTE_BOOST_INCLUDE boost/url.hpp HINTS "${VEDETTE_DEPS}/boost-1.81" REQUIRED)
add_library(boost_impl STATIC "${CMAKE_SOURCE_DIR}/cmake/boost_impl.cpp")
target_include_directories(boost_impl SYSTEM PUBLIC "${VEDETTE_BOOST_INCLUDE}")
target_compile_definitions(boost_impl PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ALL_NO_LIB BOOST_JSON_STATIC_LINK BOOST_URL_STATIC_LINK BOOST_CONTAINER_STATIC_LINK)
target_link_libraries(boost_impl PUBLIC Threads::Threads PRIVATE vedette_sanitize)
target_compile_options(boost_impl PRIVATE -w)

# SQLite: the amalgamation, static and hidden, so that it never meets the system's library that OpenCV or GDAL load.
find_path(VEDETTE_SQLITE sqlite3.c HINTS "${VEDETTE_DEPS}/sqlite-3.54.1" REQUIRED NO_DEFAULT_PATH)
add_library(sqlite_impl STATIC "${VEDETTE_SQLITE}/sqlite3.c")
target_include_directories(sqlite_impl SYSTEM PUBLIC "${VEDETTE_SQLITE}")
target_compile_definitions(sqlite_impl PRIVATE SQLITE_THREADSAFE=2 SQLITE_DQS=0 SQLITE_DEFAULT_WAL_SYNCHRONOUS=1
  SQLITE_LIKE_DOESNT_MATCH_BLOBS SQLITE_OMIT_DEPRECATED SQLITE_OMIT_LOAD_EXTENSION SQLITE_DEFAULT_MEMSTATUS=0 SQLITE_ENABLE_RTREE)
target_compile_options(sqlite_impl PRIVATE -w -O2 -fvisibility=hidden)
target_link_libraries(sqlite_impl PUBLIC Threads::Threads m PRIVATE vedette_sanitize)

# OpenVINO: from its wheel.
file(GLOB VEDETTE_OPENVINO_CMAKE "${VEDETTE_DEPS}/python/lib/python3*/site-packages/openvino/cmake")
find_package(OpenVINO QUIET COMPONENTS Runtime HINTS ${VEDETTE_OPENVINO_CMAKE})

if(VEDETTE_TESTS)
  find_package(GTest REQUIRED)
  find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
  add_library(rapidcheck INTERFACE)
  target_link_libraries(rapidcheck INTERFACE "${RAPIDCHECK_LIBRARY}")
endif()
if(VEDETTE_BENCH)
  find_package(benchmark REQUIRED)
endif()
