# Finds LibTorch and describes it as the imported target torchtally_torch: headers (as system headers), libraries, language level.
# Also used by the installed package, so it needs nothing from this repository.
#
# Looked for in this order; the first that is there is taken:
#   1. Torch_DIR, then CMAKE_PREFIX_PATH (variables, then environment);
#   2. TORCHTALLY_TORCH_HINTS: directories that hold TorchConfig.cmake;
#   3. the torch of the python3 on PATH, if its version starts with TORCHTALLY_TORCH_VERSION.
# Where a wheel is built (SKBUILD) it is for the torch of the Python that builds it, whatever its version: nothing else is asked.
#
# TorchConfig.cmake is read for facts but not run: it looks for Caffe2 and for libtorch.so in the system's directories first,
# and so mixes two LibTorches where two are installed; it asks for a CUDA toolkit where the program needs none; and it
# hands on flags and libraries (protobuf, glog, --as-needed) that are not ours to impose.
#
# Sets TORCHTALLY_TORCH_FOUND and, if true, TORCHTALLY_TORCH_FOUND_VERSION, TORCHTALLY_TORCH_CONFIG_DIR and
# TORCHTALLY_TORCH_LIBRARY_DIR.

# The first directory of the arguments that holds TorchConfig.cmake, or "".
function(_torchtally_first_config_dir out)
  foreach(dir IN LISTS ARGN)
    if(dir AND EXISTS "${dir}/TorchConfig.cmake")
      file(REAL_PATH "${dir}" dir)
      set(${out} "${dir}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${out} "" PARENT_SCOPE)
endfunction()

# Where a prefix may keep TorchConfig.cmake: a system prefix, LibTorch's own, or what torch.utils.cmake_prefix_path says.
function(_torchtally_config_dirs_of_prefixes out)
  set(dirs "")
  foreach(prefix IN LISTS ARGN)
    list(APPEND dirs "${prefix}/share/cmake/Torch" "${prefix}/Torch" "${prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}/cmake/Torch"
         "${prefix}/lib/cmake/Torch"
    )
  endforeach()
  set(${out} "${dirs}" PARENT_SCOPE)
endfunction()

# The configuration directory of the python3's torch, found without importing it (which takes seconds), or "".
function(_torchtally_python_config_dir out)
  set(${out} "" PARENT_SCOPE)
  if(SKBUILD)
    set(python "${Python_EXECUTABLE}")
    set(version "")
  else()
    find_program(TORCHTALLY_PYTHON python3)
    mark_as_advanced(TORCHTALLY_PYTHON)
    if(NOT TORCHTALLY_PYTHON OR NOT TORCHTALLY_TORCH_VERSION)
      return()
    endif()
    set(python "${TORCHTALLY_PYTHON}")
    set(version "${TORCHTALLY_TORCH_VERSION}")
  endif()
  set(script
      "import importlib.metadata as m, importlib.util as u; print(m.version('torch') + '|' + u.find_spec('torch').submodule_search_locations[0])"
  )
  execute_process(
    # pip builds in an environment of its own, where torch is not, and says so by PYTHONPATH.
    COMMAND "${CMAKE_COMMAND}" -E env --unset=PYTHONPATH "${python}" -c "${script}"
    OUTPUT_VARIABLE found
    ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE failed
  )
  if(NOT failed AND found MATCHES "^${version}[^|]*[|](.+)$")
    set(${out} "${CMAKE_MATCH_1}/share/cmake/Torch" PARENT_SCOPE)
  endif()
endfunction()

function(_torchtally_find_torch)
  set(TORCHTALLY_TORCH_FOUND FALSE PARENT_SCOPE)

  set(env_prefixes "$ENV{CMAKE_PREFIX_PATH}")
  string(REPLACE ":" ";" env_prefixes "${env_prefixes}")
  _torchtally_config_dirs_of_prefixes(prefix_dirs ${CMAKE_PREFIX_PATH} ${env_prefixes})
  if(NOT SKBUILD)
    _torchtally_first_config_dir(config_dir "${Torch_DIR}" "$ENV{Torch_DIR}" ${prefix_dirs} ${TORCHTALLY_TORCH_HINTS})
  endif()
  if(NOT config_dir)
    _torchtally_python_config_dir(python_dir)
    _torchtally_first_config_dir(config_dir "${python_dir}")
  endif()
  if(NOT config_dir)
    return()
  endif()

  # LibTorch's own layout is <root>/{include,lib,share/cmake/Torch}, Debian's <prefix>/{include,lib/<triplet>/cmake/Torch}.
  foreach(root "${config_dir}/../../.." "${config_dir}/../../../..")
    if(EXISTS "${root}/include/torch/csrc/api/include/torch/version.h")
      file(REAL_PATH "${root}/include" include_dir)
      break()
    endif()
  endforeach()
  foreach(dir "${config_dir}/../../../lib" "${config_dir}/../..")
    if(EXISTS "${dir}/libtorch_cpu.so")
      file(REAL_PATH "${dir}" library_dir)
      break()
    endif()
  endforeach()
  if(NOT include_dir OR NOT library_dir)
    message(FATAL_ERROR "${config_dir} is there, but LibTorch's headers or shared libraries are not. Point CMAKE_PREFIX_PATH at "
                        "a complete LibTorch with shared libraries, or run third_party/bootstrap.sh."
    )
  endif()

  file(READ "${config_dir}/TorchConfig.cmake" config)
  file(READ "${config_dir}/TorchConfigVersion.cmake" config_version)
  string(REGEX MATCH "PACKAGE_VERSION \"([0-9.]+)" _ "${config_version}")
  set(version "${CMAKE_MATCH_1}")
  if(config MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
    message(FATAL_ERROR "The LibTorch ${version} in ${config_dir} has libstdc++'s old ABI, which no other library here has. "
                        "Take a build with the C++11 ABI, or run third_party/bootstrap.sh."
    )
  endif()
  set(standard 17)
  if(config MATCHES "CXX_STANDARD ([0-9]+)" AND CMAKE_MATCH_1 GREATER standard)
    set(standard "${CMAKE_MATCH_1}")
  endif()

  if(NOT TARGET torchtally_torch)
    add_library(torchtally_torch INTERFACE IMPORTED GLOBAL)
    # libtorch.so holds no code of its own. It is what pulls a GPU build's kernels in, so it must not be dropped as unneeded.
    set_target_properties(
      torchtally_torch
      PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${include_dir};${include_dir}/torch/csrc/api/include"
        INTERFACE_COMPILE_FEATURES "cxx_std_${standard}"
        INTERFACE_LINK_LIBRARIES
        "${library_dir}/libtorch_cpu.so;${library_dir}/libc10.so;-Wl,--push-state,--no-as-needed,${library_dir}/libtorch.so,--pop-state"
    )
    message(STATUS "Found LibTorch ${version} in ${library_dir}, C++${standard}")
  endif()

  set(TORCHTALLY_TORCH_FOUND TRUE PARENT_SCOPE)
  set(TORCHTALLY_TORCH_FOUND_VERSION "${version}" PARENT_SCOPE)
  set(TORCHTALLY_TORCH_CONFIG_DIR "${config_dir}" PARENT_SCOPE)
  set(TORCHTALLY_TORCH_LIBRARY_DIR "${library_dir}" PARENT_SCOPE)
endfunction()

_torchtally_find_torch()
