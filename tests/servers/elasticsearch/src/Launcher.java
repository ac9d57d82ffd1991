import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** Starts one real Elasticsearch node in this JVM, without the Elastic CLI and without entitlements. */
public final class Launcher {
    public static void main(String[] args) throws Exception {
        long t0 = System.nanoTime();
        Path home = Path.of(System.getProperty("es.path.home")).toAbsolutePath();
        Path config = home.resolve("config");
        Files.createDirectories(config);

        // elasticsearch.yml in $home/config is honoured; -Ees.setting=value arguments override it
        java.util.HashMap<String, String> overrides = new java.util.HashMap<>();
        for (String a : args) {
            if (a.startsWith("-E") && a.indexOf('=') > 2) overrides.put(a.substring(2, a.indexOf('=')), a.substring(a.indexOf('=') + 1));
            else throw new IllegalArgumentException("unknown argument " + a);
        }
        Settings base = Settings.builder().put("path.home", home.toString()).build();

        LogConfigurator.registerErrorListener();
        Environment env = InternalSettingsPreparer.prepareEnvironment(base, overrides, config, () -> "node-1");
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(env.settings()));
        LogConfigurator.configure(env, true);

        PluginsLoader loader = PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(env.modulesDir(), false),
            PluginsLoader.loadPluginsBundles(env.pluginsDir(), false),
            Map.of(), false);

        Node node = new Node(env, loader);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.prepareForClose();
                node.close();
                node.awaitClose(20, TimeUnit.SECONDS);
            } catch (Exception e) {
                e.printStackTrace();
            } finally {
                stopped.countDown();
            }
        }, "es-shutdown"));
        node.start();
        System.out.printf("READY in %d ms, pid %d%n", (System.nanoTime() - t0) / 1_000_000, ProcessHandle.current().pid());
        System.out.flush();
        stopped.await();
    }
}
