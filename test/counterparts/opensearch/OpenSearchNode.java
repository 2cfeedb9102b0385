import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node with its usual modules, on loopback, until it is killed. Arguments: folder, HTTP port, transport port. */
public class OpenSearchNode {
    public static void main(String[] args) throws Exception {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.onBuild((number, settings) -> {
            settings.put("discovery.type", "single-node");
            settings.putList("node.roles", "cluster_manager", "data", "ingest");
            settings.put("network.host", "127.0.0.1");
            settings.put("http.port", args[1]);
            settings.put("transport.port", args[2]);
        });
        runner.build(OpenSearchRunner.newConfigs().basePath(args[0]).numOfNode(1));
        Thread.currentThread().join();
    }
}
