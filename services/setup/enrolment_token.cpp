#include "libs/base/file.h"
#include "libs/base/text.h"
#include "libs/crypto/crypto.h"
#include "libs/store/sign_ins.h"
#include "services/setup/commands.h"

namespace oriel::setup {

Async<Result<>> make_enrolment_token(Executor executor, Options options, std::string output_file) {
  auto key_text = options.read_secret("api/token.key");
  if (!key_text) co_return key_text.error();
  auto token_key = crypto::Key::from_hex(*key_text);
  if (!token_key) co_return token_key.error().within("read the token key");
  auto const token = random_token();
  postgres::Database database(executor, options.as_owner());
  auto made = co_await store::create_enrolment_token(database, crypto::keyed_hash(*token_key, token));
  database.close();
  if (!made) co_return made.error();
  auto written = write_file(output_file, token + "\n", {0400, {}, {}});
  if (!written) co_return written.error().within("write the enrolment token");
  co_return Result<>();
}

}  // namespace oriel::setup
