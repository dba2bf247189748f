#pragma once
#include <gtest/gtest.h>

// For tests whose runs have several OpenMP threads: ThreadSanitizer does not know libgomp's barriers, and so sees races
// where there are none. Tests whose callers are many threads of one-threaded sessions stay.
#ifdef __SANITIZE_THREAD__
#define SKIP_UNDER_TSAN() GTEST_SKIP() << "ThreadSanitizer does not know libgomp's barriers"
#else
#define SKIP_UNDER_TSAN() static_cast<void>(0)
#endif
