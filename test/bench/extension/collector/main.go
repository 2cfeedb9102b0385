// An OpenTelemetry Collector, one receiver and one exporter of its published modules, with the loop of an extension around it: less than
// OpenTelemetry's own extension, which adds a telemetry receiver and more components.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

var api = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API")

func call(method, path, id, body string) (string, string) {
	request, _ := http.NewRequest(method, api+path, strings.NewReader(body))
	request.Header.Set("Lambda-Extension-Name", filepath.Base(os.Args[0]))
	request.Header.Set("Content-Type", "application/json")
	if id != "" {
		request.Header.Set("Lambda-Extension-Identifier", id)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		os.Exit(1)
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	return response.Header.Get("Lambda-Extension-Identifier"), string(answer)
}

func factories() (otelcol.Factories, error) {
	in, out := otlpreceiver.NewFactory(), fileexporter.NewFactory()
	return otelcol.Factories{
		Receivers: map[component.Type]receiver.Factory{in.Type(): in},
		Exporters: map[component.Type]exporter.Factory{out.Type(): out},
		Telemetry: otelconftelemetry.NewFactory(),
	}, nil
}

func main() {
	id, _ := call("POST", "/2020-01-01/extension/register", "", `{"events":["INVOKE","SHUTDOWN"]}`)
	collector, err := otelcol.NewCollector(otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "collector"},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs:              []string{"file:" + os.Getenv("COLLECTOR_CONFIG")},
			ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory()},
		}},
	})
	if err != nil {
		panic(err)
	}
	go func() { panic(collector.Run(context.Background())) }()
	for collector.GetState() != otelcol.StateRunning {
		time.Sleep(time.Millisecond)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) { io.Copy(io.Discard, request.Body) }))
	call("PUT", "/2022-07-01/telemetry", id, fmt.Sprintf(`{"schemaVersion":"2022-12-13","types":["platform","function"],"buffering":{"maxItems":1000,"maxBytes":262144,"timeoutMs":25},"destination":{"protocol":"HTTP","URI":"http://%s"}}`, listener.Addr()))
	for {
		if _, event := call("GET", "/2020-01-01/extension/event/next", id, ""); strings.Contains(event, "SHUTDOWN") {
			return
		}
	}
}
