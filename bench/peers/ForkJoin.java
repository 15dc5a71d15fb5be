// Java's ForkJoinPool, with the same options and the same line of JSON as bench/work has.
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.RecursiveTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

public final class ForkJoin {
	private static final String WORKLOADS = "drain drain_many futures round_trip "
		+ "round_trip_cold tree coarse idle";
	private static final int SUBMITTERS = 4;
	private static final int DEPTH = 18;

	private static int workers = 2;
	private static int jobs;
	private static int seconds = 3;
	private static int jobUs = 100;
	private static boolean cold;
	private static ForkJoinPool pool;

	private interface Round {
		void run(int n) throws Exception;
	}

	// ---- measuring ----------------------------------------------------------------

	private static long start, cpu, sleeps;

	private static long cpuNs() {
		return ((com.sun.management.OperatingSystemMXBean)
			java.lang.management.ManagementFactory.getOperatingSystemMXBean())
			.getProcessCpuTime();
	}

	/** Of all threads that are there now. */
	private static long countSleeps() throws IOException {
		long sum = 0;

		try (DirectoryStream<Path> tasks =
				Files.newDirectoryStream(Paths.get("/proc/self/task"))) {
			for (Path task : tasks)
				sum += sleepsOf(task);
		}
		return sum;
	}

	private static long sleepsOf(Path task) {
		try {
			for (String line : Files.readAllLines(task.resolve("status"))) {
				if (line.startsWith("voluntary_ctxt_switches:"))
					return Long.parseLong(line.substring(24).trim());
			}
		} catch (IOException ended) {
			return 0;
		}
		return 0;
	}

	private static void begin() throws IOException {
		sleeps = countSleeps();
		cpu = cpuNs();
		start = System.nanoTime();
	}

	/** Wall time since begin(). */
	private static long end() throws IOException {
		long wall = System.nanoTime() - start;

		cpu = cpuNs() - cpu;
		sleeps = countSleeps() - sleeps;
		return wall;
	}

	private static void print(String workload, String part, double value, String unit, int n) {
		System.out.printf("{\"workload\":\"%s\",\"case\":\"%s\",\"peer\":\"forkjoin\","
			+ "\"value\":%.6g,\"unit\":\"%s\",\"cpu\":%.1f,\"sleeps_per_1000\":%.3f}%n",
			workload, part, value, unit, (double) cpu / n, sleeps * 1000.0 / n);
	}

	private static int jobsOr(int wanted) {
		return jobs > 0 ? jobs : wanted;
	}

	// ---- drains -------------------------------------------------------------------

	private static void rounds(String workload, int n, Round round) throws Exception {
		if (!cold)
			round.run(n);
		begin();
		round.run(n);
		print(workload, "", (double) end() / n, "ns/job", n);
	}

	private static void submit(int n, AtomicLong left, CountDownLatch done) {
		Runnable job = () -> {
			if (left.decrementAndGet() == 0)
				done.countDown();
		};

		for (int i = 0; i < n; i++)
			pool.execute(job);
	}

	private static void drain(int n) throws Exception {
		CountDownLatch done = new CountDownLatch(1);

		submit(n, new AtomicLong(n), done);
		done.await();
	}

	private static void drainMany(int n) throws Exception {
		CountDownLatch done = new CountDownLatch(1);
		AtomicLong left = new AtomicLong(n);
		Thread[] threads = new Thread[SUBMITTERS];

		for (int i = 0; i < SUBMITTERS; i++) {
			threads[i] = new Thread(() -> submit(n / SUBMITTERS, left, done));
			threads[i].start();
		}
		for (Thread thread : threads)
			thread.join();
		done.await();
	}

	private static void futures(int n) throws Exception {
		ForkJoinTask<?>[] futures = new ForkJoinTask<?>[n];
		Object result = new Object();

		for (int i = 0; i < n; i++)
			futures[i] = pool.submit(() -> result);
		for (int i = 0; i < n; i++) {
			if (futures[i].get() != result)
				throw new IllegalStateException("a job's result is lost");
		}
	}

	// ---- round trips --------------------------------------------------------------

	private static void trips(double[] us, int n, long pauseNs) throws Exception {
		for (int i = 0; i < n; i++) {
			long began;

			if (pauseNs > 0)
				LockSupport.parkNanos(pauseNs);
			began = System.nanoTime();
			pool.submit(() -> { }).get();
			us[i] = (System.nanoTime() - began) / 1000.0;
		}
	}

	private static void roundTrip(String workload, int n, long pauseNs) throws Exception {
		double[] us = new double[n];

		trips(us, n, 0);
		begin();
		trips(us, n, pauseNs);
		end();
		Arrays.sort(us);
		print(workload, "p50", us[n / 2], "us", n);
		print(workload, "p99", us[(int) (n * 99L / 100)], "us", n);
	}

	// ---- the tree -----------------------------------------------------------------

	private static final class Branch extends RecursiveTask<Integer> {
		private static final long serialVersionUID = 1;
		private final int depth;

		Branch(int depth) {
			this.depth = depth;
		}

		@Override
		protected Integer compute() {
			if (depth == 0)
				return 1;
			Branch left = new Branch(depth - 1), right = new Branch(depth - 1);

			left.fork();
			right.fork();
			return right.join() + left.join() + 1;
		}
	}

	private static void tree(int n) {
		if (pool.invoke(new Branch(DEPTH)) != n)
			throw new IllegalStateException("a branch of the tree is lost");
	}

	// ---- jobs that take long ------------------------------------------------------

	private static long steps;
	private static volatile long sink;

	private static long spin(long count) {
		long x = 88172645463325252L;

		while (count-- > 0) {
			x ^= x << 13;
			x ^= x >>> 7;
			x ^= x << 17;
		}
		return x;
	}

	private static void calibrate() {
		long best = Long.MAX_VALUE;

		for (int i = 0; i < 30; i++) {
			long began = System.nanoTime();

			sink = spin(1000000);
			best = Math.min(best, System.nanoTime() - began);
		}
		steps = 1000000L * jobUs * 1000 / best;
	}

	private static long bare(int n) throws Exception {
		Thread[] threads = new Thread[workers];
		long began = System.nanoTime();

		for (int i = 0; i < workers; i++) {
			threads[i] = new Thread(() -> {
				for (int j = 0; j < n / workers; j++)
					sink = spin(steps);
			});
			threads[i].start();
		}
		for (Thread thread : threads)
			thread.join();
		return System.nanoTime() - began;
	}

	private static void burn(int n) throws Exception {
		CountDownLatch done = new CountDownLatch(1);
		AtomicLong left = new AtomicLong(n);

		for (int i = 0; i < n; i++) {
			pool.execute(() -> {
				sink = spin(steps);
				if (left.decrementAndGet() == 0)
					done.countDown();
			});
		}
		done.await();
	}

	private static void coarse() throws Exception {
		int n = jobsOr(1000000 / jobUs);
		long alone, wall;

		n -= n % workers;
		calibrate();
		burn(n / 10);
		bare(n);
		alone = bare(n);
		begin();
		burn(n);
		wall = end();
		alone = (alone + bare(n)) / 2;
		print("coarse", "", 100.0 * alone / wall, "% of the cores", n);
	}

	private static void idle() throws Exception {
		drain(10000);
		Thread.sleep(500);
		begin();
		Thread.sleep(seconds * 1000L);
		end();
		print("idle", "", cpu / 1000.0 / seconds, "us of CPU/s", 1);
	}

	// ---- the way in ---------------------------------------------------------------

	private static void run(String workload) throws Exception {
		int million = jobsOr(1000000), all = (2 << DEPTH) - 1;

		switch (workload) {
		case "drain":           rounds(workload, million, ForkJoin::drain); break;
		case "drain_many":      rounds(workload, million, ForkJoin::drainMany); break;
		case "futures":         rounds(workload, million, ForkJoin::futures); break;
		case "round_trip":      roundTrip(workload, jobsOr(100000), 0); break;
		case "round_trip_cold": roundTrip(workload, jobsOr(5000), 200000); break;
		case "tree":            rounds(workload, all, ForkJoin::tree); break;
		case "coarse":          coarse(); break;
		case "idle":            idle(); break;
		default:                throw new IllegalArgumentException(workload);
		}
	}

	private static void list() {
		System.out.println("forkjoin");
		for (String name : WORKLOADS.split(" "))
			System.out.println(name);
	}

	public static void main(String[] args) throws Exception {
		String workload = "";

		for (int i = 0; i < args.length; i++) {
			switch (args[i]) {
			case "--workers": workers = Integer.parseInt(args[++i]); break;
			case "--jobs":    jobs = Integer.parseInt(args[++i]); break;
			case "--seconds": seconds = Integer.parseInt(args[++i]); break;
			case "--job-us":  jobUs = Integer.parseInt(args[++i]); break;
			case "--cold":    cold = true; break;
			case "--list":    list(); return;
			default:          workload = args[i];
			}
		}
		pool = new ForkJoinPool(workers);
		run(workload);
		pool.shutdown();
	}
}
