# Installs the headers and the CMake package: find_package(torchtally) then gives torchtally::torchtally.
include(CMakePackageConfigHelpers)
set(TORCHTALLY_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/torchtally")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/torchtally" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT torchtally-targets NAMESPACE torchtally:: DESTINATION "${TORCHTALLY_PACKAGE_DIR}")

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/third_party/torchtally-config.cmake.in" "${PROJECT_BINARY_DIR}/torchtally-config.cmake"
  INSTALL_DESTINATION "${TORCHTALLY_PACKAGE_DIR}"
)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/torchtally-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/torchtally-config.cmake" "${PROJECT_BINARY_DIR}/torchtally-config-version.cmake"
        "${PROJECT_SOURCE_DIR}/third_party/torch.cmake"
  DESTINATION "${TORCHTALLY_PACKAGE_DIR}"
)
