package cluster

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
)

// Ask asks another node by HTTPS, by a client that connects to nodes alone, and gives its
// answer, whatever that is, once it is that node's and no other's. Whoever gets one closes
// its body.
func Ask(ctx context.Context, client *http.Client, method string, of Place, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "https://"+of.Relay+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if who := NodeOf(*answer.TLS); who != of.Node {
		answer.Body.Close()
		return nil, fmt.Errorf("node %s answers where %s is to be", who, of.Node)
	}
	return answer, nil
}
