// The smallest extension in Go that does its part of the protocol: registers, subscribes, reads what telemetry comes, throws it away, asks for the next event.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
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

func main() {
	events := `["INVOKE","SHUTDOWN"]`
	if os.Getenv("AWS_LAMBDA_INITIALIZATION_TYPE") == "lambda-managed-instances" {
		events = `["SHUTDOWN"]`
	}
	id, _ := call("POST", "/2020-01-01/extension/register", "", `{"events":`+events+`}`)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	go http.Serve(listener, http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) { io.Copy(io.Discard, request.Body) }))
	call("PUT", "/2022-07-01/telemetry", id, fmt.Sprintf(`{"schemaVersion":"2025-01-29","types":["platform","function"],"buffering":{"maxItems":1000,"maxBytes":262144,"timeoutMs":25},"destination":{"protocol":"HTTP","URI":"http://%s"}}`, listener.Addr()))
	for {
		if _, event := call("GET", "/2020-01-01/extension/event/next", id, ""); strings.Contains(event, "SHUTDOWN") {
			return
		}
	}
}
