# What torchtally is built with, and where it is looked for. third_party/bootstrap.sh installs what is missing.
find_package(absl REQUIRED)
find_package(Torch REQUIRED)
