package store_test

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"framegate/gateway/store"
)

// playRole is what this binary does when a test starts it as another process.
// It works in the folder in FRAMEGATE_TEST_STORE_DIR.
func playRole(role string) int {
	ctx := context.Background()
	dir := os.Getenv("FRAMEGATE_TEST_STORE_DIR")
	s, err := store.Open(ctx, dir)
	if role == "open" {
		fmt.Println(err)
		return 0
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer s.Close()
	switch role {
	case "write":
		err = writeForEver(ctx, s)
	case "revoke":
		err = revoke(ctx, s)
	case "change":
		_, err = s.SetCamera(ctx, store.Camera{ID: "cam-aa", Document: []byte("changed")})
	}
	fmt.Println(err)
	return 0
}

// writeForEver adds users with all that belongs to them, and says so of each,
// until it is killed.
func writeForEver(ctx context.Context, s *store.Store) error {
	users, err := s.Users(ctx)
	if err != nil {
		return err
	}
	for n := len(users); ; n++ {
		name := strconv.Itoa(n)
		user, err := s.AddUser(ctx, store.User{Name: name, Grants: grantsOf(name)})
		if err != nil {
			return err
		}
		if n%3 == 0 { // not only what is added
			if err := s.SetUserGrants(ctx, user.ID, nil); err != nil {
				return err
			}
			if err := s.SetUserGrants(ctx, user.ID, grantsOf(name)); err != nil {
				return err
			}
		}
		fmt.Println(name)
	}
}

// grantsOf gives as many grants as make a write of several pages.
func grantsOf(name string) (grants []store.Grant) {
	for i := range 100 {
		grants = append(grants, store.Grant{Camera: fmt.Sprintf("camera-of-%s-%d", name, i), Action: "view"})
	}
	return grants
}

func revoke(ctx context.Context, s *store.Store) error {
	token, err := s.TokenOf(ctx, []byte("token"))
	if err != nil {
		return err
	}
	return s.RemoveToken(ctx, token.ID)
}
