// What list_modules() of _modules.py returns, as the library takes it.
#ifndef TORCHTALLY_PYTHON_LISTED_H_
#define TORCHTALLY_PYTHON_LISTED_H_

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "torchtally/module_list.h"

namespace torchtally::python {

using Parameters = std::vector<std::tuple<std::uintptr_t, std::int64_t, bool>>;
using Described = std::vector<std::tuple<std::uintptr_t, int, std::string, std::string, std::string, Parameters>>;

ModuleList list_from(const Described& described);

}  // namespace torchtally::python

#endif  // TORCHTALLY_PYTHON_LISTED_H_
