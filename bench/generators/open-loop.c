/*
 * Sends one HTTP request at a constant rate, whatever the server does, and tells what became of each.
 *
 *   open-loop PORT REQUEST_FILE RATE SECONDS CONNECTIONS WARM_SECONDS GIVE_UP_MILLIS GOOD_MILLIS
 *
 * Requests are due at fixed times. A due request takes the connection that has been idle longest; when all are busy it
 * waits for one, at most GIVE_UP_MILLIS, and is then never sent. Its latency counts from when it was due, and one that
 * is not sent counts as well, so a slow server cannot make the load look lighter (no coordinated omission). Connections
 * are kept alive, and opened again when the server closes them. The load goes on for WARM_SECONDS before and after the
 * seconds that are counted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"
#include "http-answer.h"

#define SECOND 1000000000LL
#define MILLI 1000000LL
#define EVENTS 512
#define RECONNECT_NANOS (10 * MILLI)

typedef struct connection {
  int fd;
  bool open, busy;
  int64_t due, sent, retry_at;
  size_t written, read;
  char *text;
  struct connection *next;
} connection;

typedef struct {
  connection *first, *last;
} list;

static struct sockaddr_in server;
static char *request;
static size_t request_bytes;
static int epoll_fd;
static list idle, lost;
static int64_t counted_from, counted_until, good_nanos;
static uint64_t due_count, sent_count, good_count, error_count, other_count, unsent_count, reconnects;
static histogram answered, refused, refused_after_sent, lag;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * SECOND + time.tv_nsec;
}

static void append(list *to, connection *c) {
  c->next = NULL;
  if (to->first == NULL) to->first = c;
  else to->last->next = c;
  to->last = c;
}

static connection *take(list *from) {
  connection *c = from->first;
  if (c != NULL) from->first = c->next;
  return c;
}

static bool counts(int64_t due) { return due >= counted_from && due < counted_until; }

static void lose(connection *c, int64_t at) {
  if (c->busy && counts(c->due)) error_count += 1;
  close(c->fd);
  c->fd = -1;
  c->open = c->busy = false;
  c->retry_at = at;
  append(&lost, c);
}

static void dial(connection *c) {
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
  if (connect(c->fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) {
    lose(c, now() + RECONNECT_NANOS);
  }
}

static void write_request(connection *c) {
  while (c->written < request_bytes) {
    ssize_t count = write(c->fd, request + c->written, request_bytes - c->written);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      lose(c, now());
      return;
    }
    c->written += (size_t)count;
  }
}

static void send_on(connection *c, int64_t due, int64_t at) {
  c->busy = true;
  c->due = due;
  c->sent = at;
  c->written = c->read = 0;
  if (counts(due)) sent_count += 1;
  write_request(c);
}

static void finish(connection *c, answer result) {
  int64_t at = now();
  if (counts(c->due)) {
    if (result.status >= 200 && result.status < 300) {
      record(&answered, at - c->due);
      if (at - c->due <= good_nanos) good_count += 1;
    } else if (result.status == 429 || result.status == 503) {
      record(&refused, at - c->due);
      record(&refused_after_sent, at - c->sent);
    } else {
      other_count += 1;
    }
  }
  c->busy = false;
  if (result.close) lose(c, at);
  else append(&idle, c);
}

static void receive(connection *c) {
  for (;;) {
    ssize_t count = read(c->fd, c->text + c->read, ANSWER_BYTES - 1 - c->read);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0 || !c->busy) {
      /* An idle connection that ends is still in the list of idle ones: it is lost when it is taken. */
      if (c->busy) lose(c, now());
      else c->open = false;
      return;
    }
    c->read += (size_t)count;
    c->text[c->read] = '\0';
    answer result = read_answer(c->text, c->read);
    if (result.complete) {
      finish(c, result);
      return;
    }
  }
}

static void handle(struct epoll_event *event) {
  connection *c = event->data.ptr;
  if (c->fd < 0) return;
  if (!c->open && !c->busy) {
    if (event->events & (EPOLLERR | EPOLLHUP)) {
      lose(c, now() + RECONNECT_NANOS);
    } else if (event->events & EPOLLOUT) {
      c->open = true;
      append(&idle, c);
    }
    return;
  }
  if ((event->events & EPOLLOUT) && c->busy && c->written < request_bytes) write_request(c);
  if (c->fd >= 0 && (event->events & (EPOLLIN | EPOLLERR | EPOLLHUP))) receive(c);
}

static connection *take_idle(void) {
  connection *c;
  while ((c = take(&idle)) != NULL && !c->open) {
    reconnects += 1;
    lose(c, now());
  }
  return c;
}

static void wait_for_events(int64_t nanos) {
  struct epoll_event events[EVENTS];
  struct timespec timeout = {nanos / SECOND, nanos % SECOND};
  int count = epoll_pwait2(epoll_fd, events, EVENTS, &timeout, NULL);
  for (int i = 0; i < count; i++) handle(&events[i]);
}

static void dial_lost(int64_t at) {
  while (lost.first != NULL && lost.first->retry_at <= at) dial(take(&lost));
}

static void connect_all(int count) {
  for (int i = 0; i < count; i++) {
    connection *c = calloc(1, sizeof *c);
    c->text = malloc(ANSWER_BYTES);
    dial(c);
    wait_for_events(MILLI / 10);
  }
  for (int64_t until = now() + SECOND; now() < until && lost.first == NULL;) wait_for_events(10 * MILLI);
}

static void run(double rate, double seconds, double warm, int64_t give_up) {
  int64_t start = now();
  uint64_t arrivals = (uint64_t)(rate * (warm + seconds + warm)), next = 0;
  double gap = (double)SECOND / rate;
  counted_from = start + (int64_t)(warm * (double)SECOND);
  counted_until = counted_from + (int64_t)(seconds * (double)SECOND);
  int64_t end = counted_until + (int64_t)(warm * (double)SECOND);
  while (true) {
    int64_t at = now();
    dial_lost(at);
    int64_t due = start + (int64_t)((double)next * gap);
    while (next < arrivals && due <= at) {
      connection *c = take_idle();
      if (c == NULL && at - due < give_up) break;
      if (counts(due)) {
        due_count += 1;
        if (c == NULL) unsent_count += 1;
        else record(&lag, at - due);
      }
      if (c != NULL) send_on(c, due, at);
      next += 1;
      due = start + (int64_t)((double)next * gap);
      at = now();
    }
    /* What is counted and still open then has got no answer. */
    if (at > end) break;
    int64_t wait = next < arrivals && due > at ? due - at : MILLI;
    wait_for_events(wait < MILLI ? wait : MILLI);
  }
}

static void read_request(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  fseek(file, 0, SEEK_END);
  request_bytes = (size_t)ftell(file);
  rewind(file);
  request = malloc(request_bytes);
  if (fread(request, 1, request_bytes, file) != request_bytes) exit(2);
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc != 9) return 2;
  double rate = atof(argv[3]), seconds = atof(argv[4]), warm = atof(argv[6]);
  int64_t give_up = atoll(argv[7]) * MILLI;
  good_nanos = atoll(argv[8]) * MILLI;
  read_request(argv[2]);
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
  prctl(PR_SET_TIMERSLACK, 1);
  epoll_fd = epoll_create1(0);
  connect_all(atoi(argv[5]));
  run(rate, seconds, warm, give_up);

  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  uint64_t unanswered = sent_count - answered.total - refused.total - other_count - error_count;
  printf("{\"due\":%llu,\"sent\":%llu,\"unsent\":%llu,\"good\":%llu,\"goodRate\":%.1f", (unsigned long long)due_count,
         (unsigned long long)sent_count, (unsigned long long)unsent_count, (unsigned long long)good_count,
         (double)good_count / seconds);
  printf(",\"errors\":%llu,\"otherStatus\":%llu,\"unanswered\":%llu,\"reconnects\":%llu,\"cpuSeconds\":%.2f",
         (unsigned long long)error_count, (unsigned long long)other_count, (unsigned long long)unanswered,
         (unsigned long long)reconnects, cpu);
  print_quantiles("answered", &answered);
  print_quantiles("refused", &refused);
  print_quantiles("refusedAfterSent", &refused_after_sent);
  print_quantiles("waitedForConnection", &lag);
  printf("}\n");
  return 0;
}
