# What torchtally is built with, and where it is looked for. third_party/bootstrap.sh installs what is missing.
#
# | package       | version          | for               | why                                                             |
# |---------------|------------------|-------------------|-----------------------------------------------------------------|
# | LibTorch      | 2.13.0 or 1.13.1 | everything        | what is counted; the oldest is Debian 12's, the newest pip's    |
# | Abseil        | 20220623         | everything        | spans, flat hash maps, string joining                           |
# | nlohmann json | 3.11             | everything        | the JSON report; inside only, no public header shows it         |
# | CLI11         | 2.1              | the command       | options, help and their error messages; the examples' too       |
# | zlib          | 1.2              | the examples      | Fashion-MNIST, Debian's dataset-fashion-mnist, is gzipped       |
# | GoogleTest    | 1.12             | the tests         |                                                                 |
# | NumPy         | 2                | tests/opdb        | PyTorch's operator database imports it, and expecttest 0.3      |
# | Chromium      | Debian's         | tests/cli         | the HTML report in a browser, driven by Selenium                |
# | jsonschema    | 4.10             | tests/cli         | the JSON reports against docs/report.schema.json                |
# | pybind11      | LibTorch's own   | the Python module | in LibTorch's headers; it has to be the one torch is bound with |
# | pytest        | 9                | python/tests      | and tabulate, which FlopCounterMode prints with                 |
# | fvcore        | 0.1.5            | python/tests      | whose numbers torchtally.fvcore has to have                     |
# | transformers  | 5                | python/tests      | whose models are counted, with random weights and its Trainer   |
# | accelerate    | 1                | python/tests      | whose trackers are told what steps compute; Trainer needs it    |
# | lightning     | 2.6              | python/tests      | whose Trainer a callback is for                                 |
# | nbclient      | 0.10, ipykernel 7 | python/tests     | run the notebook in python/examples                             |
# | scikit-build-core | 1            | the wheel         | runs this CMake build for pip                                   |
# | Benchmark     | 1.7              | the benchmarks    |                                                                 |
#
# GLOBAL: a project that takes torchtally by add_subdirectory sees what its targets link.
set(TORCHTALLY_TORCH_VERSION 2.13)
file(GLOB TORCHTALLY_TORCH_HINTS "${CMAKE_CURRENT_LIST_DIR}/local/lib/python3*/site-packages/torch/share/cmake/Torch")
include("${CMAKE_CURRENT_LIST_DIR}/torch.cmake")
if(NOT TORCHTALLY_TORCH_FOUND)
  message(FATAL_ERROR "No LibTorch ${TORCHTALLY_TORCH_VERSION} found. Run third_party/bootstrap.sh, or set CMAKE_PREFIX_PATH to what "
                      "python3 -c 'import torch; print(torch.utils.cmake_prefix_path)' says (or to a LibTorch of your own)."
  )
endif()

# find_package(name) with an error that says what to do.
macro(torchtally_require package)
  find_package(${package} QUIET GLOBAL)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "No ${package} found. Run third_party/bootstrap.sh, or set CMAKE_PREFIX_PATH to where it is installed.")
  endif()
endmacro()

torchtally_require(absl)
torchtally_require(nlohmann_json)
if(TORCHTALLY_BUILD_CLI OR TORCHTALLY_BUILD_EXAMPLES)
  torchtally_require(CLI11)
endif()
if(TORCHTALLY_BUILD_EXAMPLES)
  torchtally_require(ZLIB)
endif()
if(TORCHTALLY_BUILD_TESTS)
  torchtally_require(GTest)
endif()
if(TORCHTALLY_BUILD_BENCH)
  torchtally_require(benchmark)
endif()
