#include "libs/store/ended_sign_ins.h"

#include <chrono>

#include "libs/store/sign_in_rows.h"
#include "libs/store/sign_ins.h"

namespace oriel::store {

Async<Result<std::vector<std::string>>> list_ended_sign_ins(postgres::Database& database,
                                                            std::vector<std::string> token_hashes) {
  postgres::Parameters values(token_hashes, std::chrono::seconds(kSignInIdle).count());
  auto sql =
      "select asked.token_hash from unnest($1::text[]) as asked (token_hash) where not exists (select 1 from "
      "sign_ins s join users u on u.id = s.user_id where s.token_hash = decode(asked.token_hash, 'hex') "
      "and " +
      std::string(kSignInHolds) + ")";
  auto rows = co_await database.query(std::move(sql), std::move(values));
  if (!rows) co_return rows.error().within("look for ended sign-ins");
  std::vector<std::string> ended;
  for (auto const row : *rows) ended.push_back(row.text("token_hash"));
  co_return ended;
}

}  // namespace oriel::store
