package passwords

import (
	"testing"
	"time"

	"framegate/gateway/store"
)

func TestRememberedIsBounded(t *testing.T) {
	v := NewRemembered(time.Hour, 100)
	for i := range 1000 {
		v.Add(Key{byte(i), byte(i >> 8)}, store.User{ID: int64(i)})
	}
	if len(v.entries) > 100 {
		t.Errorf("%d entries", len(v.entries))
	}
	other := NewRemembered(time.Hour, 100)
	if v.Key("a", "b:c", "") == v.Key("a", "bc", "") || v.Key("a", "b", "") == other.Key("a", "b", "") || v.Key("a", "b", "x") == v.Key("a", "b", "y") {
		t.Error("keys that are alike")
	}
}
