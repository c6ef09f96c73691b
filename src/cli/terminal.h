// What is known of the terminal, if there is one.
#ifndef TORCHTALLY_SRC_CLI_TERMINAL_H_
#define TORCHTALLY_SRC_CLI_TERMINAL_H_

#include <cstddef>

namespace torchtally::cli {

// Characters in a line of the standard output; 0 if it is no terminal.
std::size_t terminal_width();

// Whether the standard output is a terminal that wants colours: the variable NO_COLOR turns them off.
bool wants_colour();

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_TERMINAL_H_
