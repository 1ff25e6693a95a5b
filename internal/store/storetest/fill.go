package storetest

import (
	"fmt"
	"reflect"
	"time"
)

// fill gives every field of a struct a value that no other field has, so that
// two columns that changed places show. Truths are all true; oneHot tells them
// apart. Another seed gives other values everywhere.
func fill(into any, seed int) {
	f := filler{n: seed * 1000}
	f.value(reflect.ValueOf(into).Elem(), "")
}

type filler struct{ n int }

func (f *filler) value(v reflect.Value, name string) {
	f.n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = start.Add(time.Duration(f.n) * time.Microsecond)
		return
	case **bool:
		t := f.n/1000%2 == 1
		*x = &t
		return
	case *[]byte:
		*x = fmt.Appendf(nil, "%s\x00\xff%d", name, f.n)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f.value(v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("%s 值 %d", name, f.n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(f.n + i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.value(v.Index(i), name)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.value(key, name)
			f.value(val, name)
			v.SetMapIndex(key, val)
		}
	default:
		panic(fmt.Sprintf("storetest cannot fill %s, a %s", name, v.Type()))
	}
}

// oneHot calls f once for each plain truth in a struct, with that one true and
// all others false.
func oneHot(into any, f func(field string)) {
	var flags []reflect.Value
	var names []string
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		for i := range v.NumField() {
			switch field := v.Field(i); {
			case field.Kind() == reflect.Bool:
				flags, names = append(flags, field), append(names, v.Type().Field(i).Name)
			case field.Kind() == reflect.Struct && field.Type() != reflect.TypeFor[time.Time]():
				walk(field)
			}
		}
	}
	walk(reflect.ValueOf(into).Elem())
	for i := range flags {
		for j := range flags {
			flags[j].SetBool(i == j)
		}
		f(names[i])
	}
}
