#!/bin/sh
# libipsec-mb: a hash job takes 65 534 bytes at most, though the field for its length has 64 bits; the direct call takes any number.
#
# Guess: msg_len_to_hash_in_bytes is a uint64_t, so a block of 64 KiB can be hashed beside others, each as a job.
# Seen (libipsec-mb 1.3, and 2.0 of Debian 13 likewise): from 65 535 bytes on the job comes back with IMB_STATUS_INVALID_ARGS and errno
# IMB_ERR_JOB_AUTH_LEN, for SHA-256 and SHA-512; IMB_SHA256(), one message at a time, takes 65 536. A caller who looks at neither status
# nor errno has a digest that was never written. So oncestick hashes a block as sixteen leaves of 4096 bytes, and counts those completed.
#
# Needs: gcc, amd64. Installs nothing.
set -eu
. "$(dirname "$0")/fetch"
[ "$(dpkg --print-architecture)" = amd64 ] || cannot "the library is for amd64 only"
command -v gcc >/dev/null || cannot "no gcc here"
fetch libipsec-mb1=1.3-2 libipsec-mb-dev=1.3-2

cat >"$work/length.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <intel-ipsec-mb.h>

static unsigned char message[1 << 17], digest[64];

static int
job_completes(IMB_MGR *m, IMB_HASH_ALG alg, size_t digest_size, size_t n)
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(m);

	memset(job, 0, sizeof *job);
	job->cipher_mode = IMB_CIPHER_NULL;
	job->cipher_direction = IMB_DIR_ENCRYPT;
	job->chain_order = IMB_ORDER_HASH_CIPHER;
	job->hash_alg = alg;
	job->src = message;
	job->msg_len_to_hash_in_bytes = n;
	job->auth_tag_output = digest;
	job->auth_tag_output_len_in_bytes = digest_size;
	job = IMB_SUBMIT_JOB(m);
	if (job == NULL)
		job = IMB_FLUSH_JOB(m);
	return job->status == IMB_STATUS_COMPLETED;
}

int
main(void)
{
	static const size_t sizes[] = {4096, 65534, 65535, 65536, 131072};
	static const unsigned char zeros_64k[4] = {0xde, 0x2f, 0x25, 0x60}; /* SHA-256 of 65536 zeros begins so */
	IMB_MGR *m = alloc_mb_mgr(0);
	int as_found = m != NULL;

	init_mb_mgr_auto(m, NULL);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int sha256 = job_completes(m, IMB_AUTH_SHA_256, 32, sizes[i]), sha512 = job_completes(m, IMB_AUTH_SHA_512, 64, sizes[i]);

		printf("%6zu bytes: SHA-256 job %s, SHA-512 job %s\n", sizes[i], sha256 ? "completed" : "refused", sha512 ? "completed" : "refused");
		as_found &= sha256 == (sizes[i] < 65535) && sha512 == sha256;
	}
	IMB_SHA256(m, message, 65536, digest);
	printf(" 65536 bytes: the direct call %s\n", memcmp(digest, zeros_64k, 4) == 0 ? "is right" : "is wrong");
	as_found &= memcmp(digest, zeros_64k, 4) == 0;
	free_mb_mgr(m);
	return !as_found;
}
C
lib=$root/usr/lib/x86_64-linux-gnu
gcc -I"$root/usr/include" "$work/length.c" -o "$work/length" -L"$lib" -lIPSec_MB
LD_LIBRARY_PATH=$lib "$work/length"
echo "seen: libipsec-mb 1.3: a job of 65535 bytes or more is refused"
