/*
 * The bare prepared JSON_TABLE through the C client: a line of JSON keys comes in, the number of rows found goes out.
 *
 *     c-client HOST PORT USER PASSWORD DATABASE
 */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 9
#define LONGEST 512

static const char *STATEMENT =
    "select k.o, t.id c0, t.slug c1, t.country_code c2, t.position c3, t.name c4, t.admin_code c5, "
    "t.feature_code c6, t.population c7 "
    "from json_table(?, '$[*]' columns (o for ordinality, k int unsigned path '$')) k "
    "left join city t force index (primary) on t.id = k.k";

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 6) fail("usage", "c-client HOST PORT USER PASSWORD DATABASE");
  MYSQL *server = mysql_init(NULL);
  if (!mysql_real_connect(server, argv[1], argv[3], argv[4], argv[5], (unsigned)atoi(argv[2]), NULL, 0))
    fail("connect", mysql_error(server));
  MYSQL_STMT *statement = mysql_stmt_init(server);
  if (mysql_stmt_prepare(statement, STATEMENT, strlen(STATEMENT))) fail("prepare", mysql_stmt_error(statement));

  static char values[COLUMNS][LONGEST];
  unsigned long lengths[COLUMNS];
  my_bool nulls[COLUMNS];
  MYSQL_BIND results[COLUMNS];
  memset(results, 0, sizeof results);
  for (int column = 0; column < COLUMNS; column++) {
    results[column].buffer_type = MYSQL_TYPE_STRING;
    results[column].buffer = values[column];
    results[column].buffer_length = LONGEST;
    results[column].length = &lengths[column];
    results[column].is_null = &nulls[column];
  }

  char *keys = NULL;
  size_t room = 0;
  ssize_t read;
  while ((read = getline(&keys, &room, stdin)) > 0) {
    unsigned long length = (unsigned long)read - 1;
    MYSQL_BIND parameter;
    memset(&parameter, 0, sizeof parameter);
    parameter.buffer_type = MYSQL_TYPE_STRING;
    parameter.buffer = keys;
    parameter.buffer_length = length;
    parameter.length = &length;
    if (mysql_stmt_bind_param(statement, &parameter) || mysql_stmt_execute(statement) ||
        mysql_stmt_bind_result(statement, results))
      fail("execute", mysql_stmt_error(statement));
    long found = 0;
    int state;
    while ((state = mysql_stmt_fetch(statement)) == 0) found += !nulls[1];
    if (state != MYSQL_NO_DATA) fail("fetch", state == 1 ? mysql_stmt_error(statement) : "a value was cut");
    mysql_stmt_free_result(statement);
    printf("%ld\n", found);
    fflush(stdout);
  }
  return 0;
}
