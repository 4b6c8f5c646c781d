#pragma once

#include <string>

#include "libs/postgres/rows.h"
#include "libs/store/agents.h"

/// How an agent is read from a row; shared by the sources of this folder.
namespace oriel::store {

/// `select … from agents a …` up to its joins; add `where`, `order by`.
[[nodiscard]] std::string select_agents();
[[nodiscard]] Agent agent_of(postgres::Row const& row);

}  // namespace oriel::store
