/*
 * bench_masked.c - is linked between the library and libipsec-mb, so that an old processor can be had on a new one: OPENSSL_ia32cap
 * in the environment hides instructions from libcrypto, and then the lanes are those of AVX2 without SHA instructions, too.
 */
#include <stdlib.h>

#include <intel-ipsec-mb.h>

/* What the linker makes of alloc_mb_mgr and init_mb_mgr_auto, told to --wrap them. */
IMB_MGR *__real_alloc_mb_mgr(uint64_t flags);
IMB_MGR *__wrap_alloc_mb_mgr(uint64_t flags);
void __real_init_mb_mgr_auto(IMB_MGR *mgr, IMB_ARCH *arch);
void __wrap_init_mb_mgr_auto(IMB_MGR *mgr, IMB_ARCH *arch);

IMB_MGR *
__wrap_alloc_mb_mgr(uint64_t flags)
{
	return __real_alloc_mb_mgr(getenv("OPENSSL_ia32cap") != NULL ? flags | IMB_FLAG_SHANI_OFF : flags);
}

void
__wrap_init_mb_mgr_auto(IMB_MGR *mgr, IMB_ARCH *arch)
{
	if (getenv("OPENSSL_ia32cap") == NULL) {
		__real_init_mb_mgr_auto(mgr, arch);
		return;
	}
	init_mb_mgr_avx2(mgr);
	*arch = IMB_ARCH_AVX2;
}
