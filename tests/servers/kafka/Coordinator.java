// Kafka's own group coordinator, without a broker around it: the class that every broker runs for the groups of a partition of
// __consumer_offsets, with the assignor that it is set up with. Time is what the caller says it is, so that what comes of a
// sequence of requests is a function of these requests.
//
// It reads requests from standard input, one a line, and answers each with a line. All begin with a letter and the time in
// milliseconds, which never goes back; what the coordinator does by itself until then (sessions that end, members that take too
// long to give up partitions) is done first.
//
//   H now member epoch instance rebalance-ms owned   ConsumerGroupHeartbeat: "-" is null, partitions are "=1,2,3" or "="
//       ok epoch interval-ms assignment              of the answer, with "-" or partitions
//   C now member epoch partition:offset,...          OffsetCommit
//       ok
//   F now member epoch partition,...                 OffsetFetch
//       ok partition:offset,...                      -1 where nothing is committed
//   S now                                            how many heartbeats there were, and the CPU time that they took
//       ok heartbeats cpu-us
//   err code                                         the error of Kafka's protocol that an answer carries
//
// Arguments: the number of partitions, then settings of the broker, as key=value.

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.coordinator.common.runtime.CoordinatorExecutor;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorTimer;
import org.apache.kafka.coordinator.group.GroupConfigManager;
import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;
import org.apache.kafka.coordinator.group.GroupCoordinatorShard;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.timeline.SnapshotRegistry;

public final class Coordinator {
    private static final String GROUP = "group";
    private static final String TOPIC = "topic";
    private static final Uuid TOPIC_ID = new Uuid(7, 7);
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    /** The versions of requests that librdkafka 2.12 sends. */
    private static final AuthorizableRequestContext HEARTBEAT = context(1);
    private static final AuthorizableRequestContext COMMIT = context(9);

    private final Clock clock = new Clock();
    private final Timers timers = new Timers();
    private final GroupCoordinatorShard shard;
    private long records;
    private long heartbeats;
    private long cpu;

    public static void main(String[] args) throws Exception {
        var out = new BufferedWriter(
            new OutputStreamWriter(new FileOutputStream(FileDescriptor.out), StandardCharsets.UTF_8));
        // Whatever else is printed is not an answer.
        System.setOut(System.err);
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Map<String, Object> settings = new HashMap<>();
        for (int i = 1; i < args.length; i++) {
            int end = args[i].indexOf('=');
            settings.put(args[i].substring(0, end), args[i].substring(end + 1));
        }
        var coordinator = new Coordinator(Integer.parseInt(args[0]), settings);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.write(coordinator.answer(line));
            out.write('\n');
            out.flush();
        }
    }

    private Coordinator(int partitions, Map<String, Object> settings) {
        shard = new GroupCoordinatorShard.Builder(
                GroupCoordinatorConfig.fromProps(settings), new GroupConfigManager(Map.of()))
            .withAuthorizerPlugin(Optional.empty())
            .withLogContext(new LogContext())
            .withSnapshotRegistry(new SnapshotRegistry(new LogContext()))
            .withTime(clock)
            .withTimer(timers)
            .withExecutor(new NoExecutor())
            .withCoordinatorMetrics(new GroupCoordinatorMetrics())
            .withTopicPartition(new TopicPartition("__consumer_offsets", 0))
            .build();
        shard.onLoaded(image(partitions));
    }

    private String answer(String line) {
        String[] words = line.split(" ", -1);
        timers.advance(Long.parseLong(words[1]));
        try {
            switch (words[0]) {
                case "H":
                    return heartbeat(words);
                case "C":
                    return commit(words);
                case "F":
                    return fetch(words);
                default:
                    return "ok " + heartbeats + " " + cpu / 1000;
            }
        } catch (ApiException error) {
            return "err " + Errors.forException(error).code();
        }
    }

    private String heartbeat(String[] words) {
        var request = new ConsumerGroupHeartbeatRequestData()
            .setGroupId(GROUP)
            .setMemberId(words[2])
            .setMemberEpoch(Integer.parseInt(words[3]))
            .setInstanceId(words[4].equals("-") ? null : words[4]);
        if (!words[5].equals("-")) {
            request.setRebalanceTimeoutMs(Integer.parseInt(words[5])).setSubscribedTopicNames(List.of(TOPIC));
        }
        if (!words[6].equals("-")) {
            var owned = new ConsumerGroupHeartbeatRequestData.TopicPartitions()
                .setTopicId(TOPIC_ID)
                .setPartitions(numbers(words[6].substring(1)));
            request.setTopicPartitions(owned.partitions().isEmpty() ? List.of() : List.of(owned));
        }
        long began = THREADS.getCurrentThreadCpuTime();
        var answer = applied(shard.consumerGroupHeartbeat(HEARTBEAT, request));
        cpu += THREADS.getCurrentThreadCpuTime() - began;
        heartbeats++;
        if (answer.errorCode() != 0) {
            return "err " + answer.errorCode();
        }
        var text = new StringBuilder("ok ").append(answer.memberEpoch()).append(' ').append(answer.heartbeatIntervalMs());
        if (answer.assignment() == null) {
            return text.append(" -").toString();
        }
        var given = new ArrayList<String>();
        for (var topic : answer.assignment().topicPartitions()) {
            topic.partitions().forEach(partition -> given.add(partition.toString()));
        }
        return text.append(" =").append(String.join(",", given)).toString();
    }

    private String commit(String[] words) {
        var partitions = new ArrayList<OffsetCommitRequestData.OffsetCommitRequestPartition>();
        for (String pair : words[4].split(",")) {
            String[] parts = pair.split(":");
            partitions.add(new OffsetCommitRequestData.OffsetCommitRequestPartition()
                .setPartitionIndex(Integer.parseInt(parts[0]))
                .setCommittedOffset(Long.parseLong(parts[1])));
        }
        var request = new OffsetCommitRequestData()
            .setGroupId(GROUP)
            .setMemberId(words[2])
            .setGenerationIdOrMemberEpoch(Integer.parseInt(words[3]))
            .setTopics(List.of(new OffsetCommitRequestData.OffsetCommitRequestTopic()
                .setName(TOPIC)
                .setPartitions(partitions)));
        for (var topic : applied(shard.commitOffset(COMMIT, request)).topics()) {
            for (var partition : topic.partitions()) {
                if (partition.errorCode() != 0) {
                    return "err " + partition.errorCode();
                }
            }
        }
        return "ok";
    }

    private String fetch(String[] words) {
        var request = new OffsetFetchRequestData.OffsetFetchRequestGroup()
            .setGroupId(GROUP)
            .setMemberId(words[2])
            .setMemberEpoch(Integer.parseInt(words[3]))
            .setTopics(List.of(new OffsetFetchRequestData.OffsetFetchRequestTopics()
                .setName(TOPIC)
                .setPartitionIndexes(numbers(words[4]))));
        var answer = shard.fetchOffsets(request, Long.MAX_VALUE);
        if (answer.errorCode() != 0) {
            return "err " + answer.errorCode();
        }
        var offsets = new ArrayList<String>();
        for (var topic : answer.topics()) {
            topic.partitions().forEach(found -> offsets.add(found.partitionIndex() + ":" + found.committedOffset()));
        }
        return "ok " + String.join(",", offsets);
    }

    /** What a broker does once the records are in its log. */
    private <T> T applied(CoordinatorResult<T, CoordinatorRecord> result) {
        if (result.replayRecords()) {
            result.records().forEach(record -> shard.replay(records++, -1L, (short) -1, record));
        }
        return result.response();
    }

    private static List<Integer> numbers(String text) {
        var numbers = new ArrayList<Integer>();
        if (!text.isEmpty()) {
            for (String number : text.split(",")) {
                numbers.add(Integer.parseInt(number));
            }
        }
        return numbers;
    }

    private static MetadataImage image(int partitions) {
        var delta = new MetadataDelta(MetadataImage.EMPTY);
        delta.replay(new TopicRecord().setName(TOPIC).setTopicId(TOPIC_ID));
        for (int partition = 0; partition < partitions; partition++) {
            delta.replay(new PartitionRecord()
                .setTopicId(TOPIC_ID)
                .setPartitionId(partition)
                .setReplicas(List.of(1))
                .setIsr(List.of(1))
                .setLeader(1));
        }
        return delta.apply(new MetadataProvenance(1, 1, 0, true));
    }

    private static AuthorizableRequestContext context(int version) {
        return new AuthorizableRequestContext() {
            @Override public String listenerName() { return "PLAINTEXT"; }
            @Override public SecurityProtocol securityProtocol() { return SecurityProtocol.PLAINTEXT; }
            @Override public KafkaPrincipal principal() { return KafkaPrincipal.ANONYMOUS; }
            @Override public InetAddress clientAddress() { return InetAddress.getLoopbackAddress(); }
            @Override public int requestType() { return 0; }
            @Override public int requestVersion() { return version; }
            @Override public String clientId() { return "client"; }
            @Override public int correlationId() { return 0; }
        };
    }

    /** The caller's time. */
    private static final class Clock implements Time {
        private long now;

        @Override public long milliseconds() { return now; }
        @Override public long nanoseconds() { return now * 1_000_000; }
        @Override public void sleep(long ms) { throw new UnsupportedOperationException(); }
        @Override public void waitObject(Object object, Supplier<Boolean> condition, long deadline) {
            throw new UnsupportedOperationException();
        }
    }

    /** What the coordinator wants to do later; in the order of time, and for one time in that of asking. */
    private final class Timers implements CoordinatorTimer<Void, CoordinatorRecord> {
        private final TreeMap<Long, List<String>> due = new TreeMap<>();
        private final Map<String, Due> byKey = new HashMap<>();

        private record Due(long at, TimeoutOperation<Void, CoordinatorRecord> operation) {}

        @Override
        public void schedule(
            String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<Void, CoordinatorRecord> operation
        ) {
            cancel(key);
            long at = clock.now + unit.toMillis(delay);
            byKey.put(key, new Due(at, operation));
            due.computeIfAbsent(at, none -> new ArrayList<>()).add(key);
        }

        @Override
        public void schedule(
            String key, long delay, TimeUnit unit, boolean retry, long backoff, TimeoutOperation<Void, CoordinatorRecord> operation
        ) {
            schedule(key, delay, unit, retry, operation);
        }

        @Override
        public void scheduleIfAbsent(
            String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<Void, CoordinatorRecord> operation
        ) {
            if (!byKey.containsKey(key)) {
                schedule(key, delay, unit, retry, operation);
            }
        }

        @Override
        public void cancel(String key) {
            Due cancelled = byKey.remove(key);
            if (cancelled != null) {
                List<String> keys = due.get(cancelled.at);
                keys.remove(key);
                if (keys.isEmpty()) {
                    due.remove(cancelled.at);
                }
            }
        }

        private void advance(long to) {
            while (!due.isEmpty() && due.firstKey() <= to) {
                clock.now = due.firstKey();
                String key = due.firstEntry().getValue().get(0);
                var operation = byKey.get(key).operation;
                cancel(key);
                applied(operation.generateRecords());
            }
            clock.now = to;
        }
    }

    /** Subscriptions by patterns would be resolved elsewhere. There are none. */
    private static final class NoExecutor implements CoordinatorExecutor<CoordinatorRecord> {
        @Override
        public <R> boolean schedule(String key, TaskRunnable<R> task, TaskOperation<CoordinatorRecord, R> operation) {
            throw new UnsupportedOperationException();
        }

        @Override public boolean isScheduled(String key) { return false; }
        @Override public void cancel(String key) { }
    }
}
