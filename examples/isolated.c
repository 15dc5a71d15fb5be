/*
 * Contexts without a pool: blocks on your own threads, and a capture that takes one thread's
 * context to another.
 */
#include <bothy/bothy.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void say(const char *where)
{
	const bothy_client *client = bothy_client_current();

	printf("%-18s %s\n", where, client != NULL ? bothy_client_project(client) : "no client");
}

/* A thread starts outside any context, whatever its creator was in. */
static void *thread_main(void *capture)
{
	bothy_context *context;

	say("new thread:");
	if (bothy_context_adopt(capture, &context) < 0)
		return "it could not adopt the context";
	say("adopted:");
	return bothy_context_exit(context) == 0 ? NULL : "it could not leave the context";
}

static int run_thread(void)
{
	bothy_capture *capture;
	pthread_t thread;
	void *problem = "it could not start";

	if (bothy_context_capture(&capture) < 0)
		return 1;
	if (pthread_create(&thread, NULL, thread_main, capture) == 0)
		pthread_join(thread, &problem);
	bothy_capture_release(capture);
	if (problem != NULL)
		fprintf(stderr, "the thread: %s\n", (const char *)problem);
	return problem != NULL;
}

int main(void)
{
	int error, inner_error = 0, status = 0;

	say("outside:");
	BOTHY_ISOLATED(&error, NULL, "ann", "cats") {
		say("outer block:");
		BOTHY_ISOLATED(&inner_error, NULL, "ann", "mice")
			say("inner block:");
		say("outer block again:");
		status = run_thread();
	}
	say("outside again:");
	if (error < 0 || inner_error < 0)
		fprintf(stderr, "isolated: %s\n", strerror(error < 0 ? -error : -inner_error));
	return error < 0 || inner_error < 0 || status != 0;
}
