/* Counts of durations in buckets of at most 1.6 % width, from 1 microsecond to over an hour. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#define SUB_BITS 6
#define BUCKETS ((33 - SUB_BITS) << SUB_BITS)

typedef struct {
  uint64_t total;
  uint64_t counts[BUCKETS];
} histogram;

static int bucket_of(uint64_t micros) {
  if (micros >= UINT32_MAX) micros = UINT32_MAX;
  int shift = micros < (2u << SUB_BITS) ? 0 : 63 - __builtin_clzll(micros) - SUB_BITS;
  return (shift << SUB_BITS) + (int)(micros >> shift);
}

static uint64_t lower_bound_of(int bucket) {
  if (bucket < (2 << SUB_BITS)) return (uint64_t)bucket;
  int shift = (bucket >> SUB_BITS) - 1;
  return (uint64_t)((bucket & ((1 << SUB_BITS) - 1)) + (1 << SUB_BITS)) << shift;
}

static void record(histogram *h, int64_t nanos) {
  h->total += 1;
  h->counts[bucket_of(nanos < 0 ? 0 : (uint64_t)nanos / 1000)] += 1;
}

/* Milliseconds below which the given part of the durations lies; 0 when there are none. */
static double quantile(const histogram *h, double part) {
  uint64_t wanted = (uint64_t)(part * (double)h->total), seen = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket++) {
    seen += h->counts[bucket];
    if (seen > wanted) return (double)lower_bound_of(bucket) / 1000;
  }
  return 0;
}

static void print_quantiles(const char *name, const histogram *h) {
  printf(",\"%s\":{\"count\":%llu,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f}", name, (unsigned long long)h->total,
         quantile(h, 0.5), quantile(h, 0.9), quantile(h, 0.99));
}

#endif
