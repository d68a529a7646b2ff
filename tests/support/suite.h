/*
 * suite.h - how a unit test ends, and how much it does.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <check.h>
#include <sodium.h>

/* suite_few(): whether a part is enough of what is many times the same, since each takes long: FAULTS_FEW is in the environment. */
static inline bool
suite_few(void)
{
	return getenv("FAULTS_FEW") != NULL;
}

/* suite_picks(i): whether to take the i-th of them: each, or one in eight, spread evenly over whatever repeats in them. */
static inline bool
suite_picks(uint64_t i)
{
	return !suite_few() || i * UINT64_C(0x9e3779b97f4a7c15) >> 61 == 0;
}

/*
 * suite_run(s): run the whole suite; return the exit status for main. CK_VERBOSITY and Check's other variables say how it is
 * reported.
 */
static inline int
suite_run(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * SUITE(name, ...) { tcase_add_test(t, ...); ... }: the program, of one case; the block adds its tests to t. After the name, where
 * they are wanted: .setup and .teardown, around each test; .timeout of each, in seconds.
 */
struct suite {
	const char *name;
	void (*setup)(void), (*teardown)(void);
	double timeout;
};

static inline int
suite_main(const struct suite *of, void (*add)(TCase *t))
{
	Suite *s = suite_create(of->name);
	TCase *t = tcase_create(of->name);

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	if (of->setup != NULL)
		tcase_add_checked_fixture(t, of->setup, of->teardown);
	if (of->timeout > 0)
		tcase_set_timeout(t, of->timeout);
	add(t);
	suite_add_tcase(s, t);
	return suite_run(s);
}

#define SUITE(...)                                                                     \
	static void suite_add(TCase *t);                                               \
	int main(void)                                                                 \
	{                                                                              \
		return suite_main(&(const struct suite){.name = __VA_ARGS__}, suite_add); \
	}                                                                              \
	static void suite_add(TCase *t)

#endif
