/* Reads the answer of an HTTP/1.1 server to one request, as far as a load generator needs it. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_BYTES (64 * 1024)

typedef struct {
  bool complete;
  bool close;
  int status;
} answer;

static const char *header(const char *head, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
      const char *value = line + 3 + length;
      return value + strspn(value, " ");
    }
  }
  return NULL;
}

/* Looks at what has arrived; the text ends with a NUL. */
static answer read_answer(char *text, size_t length) {
  answer result = {false, false, 0};
  char *end = strstr(text, "\r\n\r\n");
  if (end == NULL) return result;
  *end = '\0';
  result.status = atoi(text + 9);
  const char *connection = header(text, "connection");
  result.close = connection != NULL && strncasecmp(connection, "close", 5) == 0;
  const char *size = header(text, "content-length");
  if (size != NULL) {
    result.complete = length >= (size_t)(end + 4 - text) + strtoul(size, NULL, 10);
  } else {
    /* Chunked: the last chunk ends what arrives, as nothing is sent before an answer. */
    result.complete = length >= 5 && memcmp(text + length - 5, "0\r\n\r\n", 5) == 0;
  }
  *end = '\r';
  return result;
}

#endif
