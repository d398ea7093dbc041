package onviftest

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
)

// order is what a camera that turns can be told (ONVIF PTZ 5), as far as it is known here.
type order struct {
	ProfileToken, PresetToken, PresetName, Timeout string
	Velocity                                       struct {
		PanTilt *struct {
			X float64 `xml:"x,attr"`
			Y float64 `xml:"y,attr"`
		}
		Zoom *struct {
			X float64 `xml:"x,attr"`
		}
	}
	PanTilt, Zoom string
}

// turns has it do what it is told, and gives its answer.
func (c *Camera) turns(question, message string) string {
	var m struct {
		Body struct {
			Inner struct{ order } `xml:",any"`
		}
	}
	if err := xml.Unmarshal([]byte(message), &m); err != nil || c.Fixed {
		return refuses("not implemented")
	}
	o := m.Body.Inner.order
	if o.ProfileToken != "main" {
		return refuses("no such profile")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch question {
	case "ContinuousMove":
		c.told = append(c.told, o.moves())
	case "Stop":
		c.told = append(c.told, "stop")
	case "GotoHomePosition":
		c.told = append(c.told, "home")
	case "GetPresets":
		return c.listed()
	case "SetPreset":
		c.made++
		token := fmt.Sprintf("p%d", c.made)
		if i := c.index(o.PresetToken); i >= 0 {
			token = o.PresetToken
			c.presets = slices.Delete(c.presets, i, i+1)
		}
		c.presets = append(c.presets, preset{token, o.PresetName})
		c.told = append(c.told, "keep "+token)
		return `<tptz:SetPresetResponse xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"><tptz:PresetToken>` + token + `</tptz:PresetToken></tptz:SetPresetResponse>`
	case "GotoPreset", "RemovePreset":
		i := c.index(o.PresetToken)
		if i < 0 {
			return refuses("no such preset")
		}
		if question == "RemovePreset" {
			c.presets = slices.Delete(c.presets, i, i+1)
		}
		c.told = append(c.told, map[string]string{"GotoPreset": "go to ", "RemovePreset": "forget "}[question]+o.PresetToken)
	default:
		return refuses("not implemented")
	}
	return `<tptz:` + question + `Response xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"/>`
}

// moves says a movement in words.
func (o order) moves() string {
	said := "move"
	if p := o.Velocity.PanTilt; p != nil {
		said += fmt.Sprintf(" %v %v", p.X, p.Y)
	}
	if z := o.Velocity.Zoom; z != nil {
		said += fmt.Sprintf(" zoom %v", z.X)
	}
	return said + " for " + o.Timeout
}

func (c *Camera) index(token string) int {
	return slices.IndexFunc(c.presets, func(p preset) bool { return p.token == token })
}

// listed gives the presets, and one without a name, as cameras have hundreds of.
func (c *Camera) listed() string {
	all := `<tptz:Preset token="empty"/>`
	for _, p := range c.presets {
		all += fmt.Sprintf(`<tptz:Preset token="%s"><tt:Name>%s</tt:Name></tptz:Preset>`, escaped(p.token), escaped(p.name))
	}
	return `<tptz:GetPresetsResponse xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl">` + all + `</tptz:GetPresetsResponse>`
}

func refuses(why string) string {
	return `<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>` + why + `</s:Text></s:Reason></s:Fault>`
}

func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
