/*
 * pack_write.c - from a scanned folder to the segments of a bundle, on several sticks at once.
 */
#include "pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "blockcrypt.h"
#include "pack_internal.h"
#include "tree.h"

struct writer {
	const struct pack_job *job;
	struct pack_source *src;
	struct pack_target_file *files; /* one for each target of the job */
	struct tree_builder *tree;
	uint64_t done, all;             /* bytes */
	struct fault *f;
};

static enum err
report(struct writer *w)
{
	if (w->all < w->done)
		w->all = w->done;
	if (w->job->progress != NULL && w->job->progress(w->job->arg, w->done, w->all) != 0)
		return fault_set(w->f, E_INTERRUPTED, 0, "pack", "%s", "");
	return E_OK;
}

/* E_OK if any target is left, otherwise the fault of the first. */
static enum err
any_left(struct writer *w)
{
	const struct fault *first = NULL;
	size_t i;

	for (i = 0; i < w->job->count; i++) {
		if (w->job->targets[i].fault.err == E_OK)
			return E_OK;
		if (first == NULL)
			first = &w->job->targets[i].fault;
	}
	if (first == NULL)
		return fault_set(w->f, E_STICK_IO, 0, "write", "no stick");
	return fault_set(w->f, E_STICK_IO, first->sys, first->step, "%s", first->object);
}

static enum err
write_blocks(struct writer *w, const uint8_t *p, size_t blocks)
{
	enum err err = E_OK;
	size_t i;

	for (i = 0; i < w->job->count; i++)
		pack_target_write(&w->job->targets[i], &w->files[i], p, blocks);
	err = any_left(w);
	if (err != E_OK)
		return err;
	w->done += blocks * BLOCK_SIZE;
	return report(w);
}

static enum err
take_batch(struct writer *w, const struct pack_pipe_item *item)
{
	size_t i;

	for (i = 0; i < item->blocks; i++) {
		if (tree_builder_add(w->tree, item->hash[i]) != 0)
			return fault_set(w->f, E_FAIL, errno, "spool", "%s", w->job->spool_dir);
	}
	return write_blocks(w, item->data, item->blocks);
}

static enum err
take_note(struct writer *w, const struct pack_pipe_item *item)
{
	char *path = NULL;

	if (w->job->note == NULL)
		return E_OK;
	path = pack_source_path(w->src, item->ino, NULL);
	if (path == NULL)
		return fault_set(w->f, E_FAIL, errno, "malloc", "%s", "");
	w->job->note(w->job->arg, item->note, path);
	free(path);
	return E_OK;
}

/* Everything up to the last data block. */
static enum err
write_data(struct writer *w, struct pack_pipe *pipe, uint64_t *blocks)
{
	struct pack_pipe_item item;
	enum err err = E_OK;

	while (err == E_OK) {
		switch (pack_pipe_next(pipe, &item)) {
		case PACK_PIPE_FAILED:
			return pack_pipe_fault(pipe, w->f);
		case PACK_PIPE_IDLE:
			err = report(w);
			break;
		case PACK_PIPE_NOTE:
			err = take_note(w, &item);
			break;
		case PACK_PIPE_BATCH:
			err = take_batch(w, &item);
			pack_pipe_release(pipe);
			break;
		case PACK_PIPE_END:
			*blocks = item.image;
			return E_OK;
		}
	}
	return err;
}

static int
emit(void *arg, const uint8_t block[BLOCK_SIZE])
{
	return (int)write_blocks(arg, block, 1);
}

static enum err
write_tree(struct writer *w, uint64_t blocks, uint8_t root[HASH_SIZE])
{
	struct blockcrypt *crypt = NULL;
	struct tree_shape shape;
	enum err err = E_OK;
	int rc;

	if (tree_shape_of(&shape, blocks) == 0)
		w->all = shape.total * BLOCK_SIZE;
	crypt = blockcrypt_new(NULL);
	if (crypt == NULL)
		return fault_set(w->f, E_FAIL, ENOMEM, "hash", "%s", "");
	rc = tree_builder_finish(w->tree, crypt, emit, w, root);
	if (rc < 0)
		err = fault_set(w->f, E_FAIL, errno, "spool", "%s", w->job->spool_dir);
	else
		err = (enum err)rc;
	blockcrypt_free(&crypt);
	return err;
}

static enum err
finish_targets(struct writer *w)
{
	size_t i;

	for (i = 0; i < w->job->count; i++)
		pack_target_finish(&w->job->targets[i], &w->files[i]);
	return any_left(w);
}

static enum err
open_targets(struct writer *w)
{
	size_t i;

	w->files = calloc(w->job->count > 0 ? w->job->count : 1, sizeof *w->files);
	if (w->files == NULL)
		return fault_set(w->f, E_FAIL, errno, "malloc", "%s", "");
	for (i = 0; i < w->job->count; i++) {
		w->files[i].fd = -1;
		fault_clear(&w->job->targets[i].fault);
	}
	return any_left(w);
}

static void
close_targets(struct writer *w)
{
	size_t i;

	for (i = 0; w->files != NULL && i < w->job->count; i++)
		pack_target_abandon(&w->files[i]);
	free(w->files);
	w->files = NULL;
}

enum err
pack_write(struct pack_source *src, const struct pack_job *job, uint64_t *blocks, uint8_t root[HASH_SIZE], struct fault *f)
{
	struct writer w = { .job = job, .src = src, .f = f };
	struct pack_pipe *pipe = NULL;
	uint8_t top[HASH_SIZE];
	uint64_t n = 0;
	enum err err = open_targets(&w);

	if (err != E_OK)
		goto out;
	w.all = pack_source_stick_bytes(src);
	w.tree = tree_builder_new(job->spool_dir);
	if (w.tree == NULL) {
		err = fault_set(f, E_FAIL, errno, "malloc", "%s", "");
		goto out;
	}
	pipe = pack_pipe_new(src, job->ck, job->threads, f);
	err = pipe != NULL ? write_data(&w, pipe, &n) : E_FAIL;
	pack_pipe_free(&pipe);
	if (err == E_OK)
		err = write_tree(&w, n, top);
	if (err == E_OK)
		err = finish_targets(&w);
	if (err == E_OK) {
		*blocks = n;
		memcpy(root, top, HASH_SIZE);
	}
out:
	tree_builder_free(&w.tree);
	close_targets(&w);
	pack_dirs_close(src);
	return err;
}
