package server

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/cluster"
	"framegate/gateway/media"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// wiredNodes are wired servers that are nodes a, b and so on of one cluster, of which a
// has the authority and alone owns cameras, and which have these lines of configuration in
// common. with changes each before it takes part.
func wiredNodes(t *testing.T, n int, lines string, with func(name string, s *server)) (nodes []*server) {
	t.Helper()
	return wiredNodesBy(t, n, lines, nil, with)
}

// wiredNodesBy is wiredNodes, of which a goes by another clock.
func wiredNodesBy(t *testing.T, n int, lines string, clock func() time.Time, with func(name string, s *server)) (nodes []*server) {
	t.Helper()
	var authority *cluster.Authority
	more := "seeds: []"
	for i := range n {
		name, data := string(rune('a'+i)), t.TempDir()
		if i == 0 {
			made, err := cluster.MakeAuthority(data, "yard")
			if err != nil {
				t.Fatal(err)
			}
			authority = made
		}
		token, err := authority.Token(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cluster.Join(data, token); err != nil {
			t.Fatal(err)
		}
		o := Options{}
		if i == 0 {
			o.Now = clock
		}
		s, _ := wiredWith(t, data, fmt.Sprintf("cluster: {name: yard, listen: '127.0.0.1:0', relay_listen: '127.0.0.1:0', %s}\n%s", more, lines), o)
		with(name, s)
		ctx, end := context.WithCancel(context.Background())
		var lives, answers sync.WaitGroup
		s.node.serve(ctx, lives.Go, answers.Go)
		t.Cleanup(func() { // before the server is closed, for which answers wait
			end()
			lives.Wait()
		})
		more = "roles: [edge], seeds: ['" + s.node.cluster.Address() + "']"
		nodes = append(nodes, s)
	}
	return nodes
}

// placed waits until all nodes say of a camera that it is at one of them.
func placed(t *testing.T, nodes []*server, camera, at string) {
	t.Helper()
	for _, s := range nodes {
		await(t, camera+" is at "+at, func() bool {
			p, owned := s.node.cluster.Where(camera)
			return owned && p.Node == at
		})
	}
}

// busy is the first line of /proc/stat of a machine that has so much to do, as it goes on.
func busy(load float64) func() string {
	used, all := 0.0, 0.0
	var mu sync.Mutex
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		used, all = used+1000*load, all+1000
		return fmt.Sprintf("cpu %d 0 0 %d 0 0 0 0", int(used), int(all-used))
	}
}

// sees has somebody watch a rendition of a camera until the end of the test, and waits for
// a picture as wide as it is to be.
func sees(t *testing.T, s *server, who stream.Client, camera string, request rendition.Request, width int) *stream.Reader {
	t.Helper()
	r, err := s.hub.Open(stream.Key{Camera: camera, Rendition: request.Key()}, stream.ReadOptions{Client: &who})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	for {
		f, err := r.Next(ctx)
		if err == nil && f.Format.Width != width {
			t.Fatalf("a picture of %d pixels, of %+v", f.Format.Width, request)
		}
		if err == nil {
			return r
		}
		if ctx.Err() != nil || strings.Contains(err.Error(), "too many encoders") {
			t.Fatalf("%s as %s: %v", camera, request.Key(), err)
		}
	}
}

func small(width int) rendition.Request { return rendition.Request{Codec: media.JPEG, Width: width} }

// encodes gives the renditions for which a server has an encoder.
func encodes(s *server) (keys []string) {
	for _, e := range s.encoders.Stats().Encoders {
		if !e.Waiting {
			keys = append(keys, e.Stream.String())
		}
	}
	return keys
}
