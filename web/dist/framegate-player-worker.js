// player/clock.ts
function e() {
	return performance.timeOrigin + performance.now();
}
// player/decoders.ts
var t = class {
	sink;
	decoder = null;
	config = null;
	needsKey = !0;
	count = 0;
	inside = /* @__PURE__ */ new Map();
	errors = [];
	constructor(e) {
		this.sink = e;
	}
	configure(e, t) {
		this.config = {
			codec: e,
			description: t,
			optimizeForLatency: !0
		}, this.restart();
	}
	decode(e) {
		if (!this.config) return;
		if (!e.backlog && !e.key && this.liveInside() > 30 && this.restart(), this.needsKey && !e.key) {
			this.sink.dropped(1);
			return;
		}
		this.needsKey = !1;
		let t = this.decoder ??= this.open(this.config), r = this.count++;
		this.inside.set(r, {
			...e,
			bytes: n
		}), t.decode(new EncodedVideoChunk({
			type: e.key ? "key" : "delta",
			timestamp: r,
			data: e.bytes
		}));
	}
	close() {
		this.sink.dropped(this.liveInside()), this.inside.clear(), this.decoder && this.decoder.state !== "closed" && this.decoder.close(), this.decoder = null;
	}
	open(e) {
		let t = new VideoDecoder({
			output: (e) => this.output(e),
			error: (e) => t === this.decoder && this.failed(e)
		});
		return t.configure(e), t;
	}
	output(e) {
		let t = this.inside.get(e.timestamp);
		this.inside.delete(e.timestamp), this.giveUp(e.timestamp - 16), t && (t.key || !t.backlog) ? this.sink.decoded(e, t) : e.close();
	}
	giveUp(e) {
		for (let [t, { backlog: n }] of this.inside) {
			if (t >= e) return;
			this.inside.delete(t), n || this.sink.dropped(1);
		}
	}
	failed(e) {
		let t = performance.now();
		this.errors = [...this.errors.filter((e) => e > t - 1e4), t], e.name === "NotSupportedError" || this.errors.length > 3 ? this.sink.failed(e) : this.restart();
	}
	restart() {
		this.close(), this.needsKey = !0;
	}
	liveInside() {
		let e = 0;
		for (let t of this.inside.values()) t.backlog || e++;
		return e;
	}
}, n = /* @__PURE__ */ new Uint8Array(), r = class {
	sink;
	busy = !1;
	next = null;
	closed = !1;
	constructor(e) {
		this.sink = e;
	}
	configure() {}
	decode(e) {
		e.backlog || (this.next && this.sink.dropped(1), this.next = e, this.busy || this.work());
	}
	close() {
		this.closed = !0, this.next = null;
	}
	async work() {
		for (this.busy = !0; this.next;) {
			let e = this.next;
			this.next = null;
			try {
				let t = await createImageBitmap(new Blob([e.bytes], { type: "image/jpeg" }));
				this.closed ? t.close() : this.sink.decoded(t, e);
			} catch {
				this.sink.dropped(1);
			}
		}
		this.busy = !1;
	}
}, i = class {
	canvas;
	report;
	context;
	decoder = null;
	next = null;
	drawn = null;
	newestMs = 0;
	closed = !1;
	constructor(e, t) {
		this.canvas = e, this.report = t;
		let n = e.getContext("2d", { alpha: !1 });
		if (!n) throw Error("no 2d context");
		this.context = n;
	}
	obey(e) {
		if (!this.closed) try {
			e.type === "begin" ? this.begin(e.codec) : e.type === "rest" ? this.rest() : e.type === "close" ? this.close() : e.type === "configure" ? this.decoder?.configure(e.codec, e.description) : this.decoder?.decode(e);
		} catch (e) {
			this.fail(e);
		}
	}
	begin(e) {
		this.decoder?.close();
		let n = {
			decoded: (e, { captureMs: t, backlog: n }) => this.arrived(e, t, n),
			dropped: (e) => this.report({
				type: "dropped",
				count: e
			}),
			failed: (e) => this.fail(e)
		};
		this.decoder = e === "jpeg" ? new r(n) : new t(n);
	}
	rest() {
		this.decoder?.close(), this.decoder = null;
	}
	arrived(e, t, n) {
		this.closed || n && t < this.newestMs ? e.close() : (this.newestMs = t, this.show(e, t));
	}
	show(e, t) {
		this.drawn ? (this.next && (this.next.image.close(), this.report({
			type: "dropped",
			count: 1
		})), this.next = {
			image: e,
			captureMs: t
		}) : (this.draw(e, t), requestAnimationFrame((e) => this.refreshed(e)));
	}
	draw(t, n) {
		let r = "displayWidth" in t ? t.displayWidth : t.width, i = "displayHeight" in t ? t.displayHeight : t.height;
		(this.canvas.width !== r || this.canvas.height !== i) && (this.canvas.width = r, this.canvas.height = i, this.report({
			type: "sized",
			width: r,
			height: i
		})), this.context.drawImage(t, 0, 0, r, i), t.close(), this.drawn = {
			captureMs: n,
			drawnMs: e()
		};
	}
	refreshed(e) {
		if (this.closed || !this.drawn) return;
		let { captureMs: t, drawnMs: n } = this.drawn, r = performance.timeOrigin + e, i = Math.max(n, r < n ? r + a : r);
		this.report({
			type: "painted",
			captureMs: t,
			paintedMs: i
		}), this.drawn = null;
		let o = this.next;
		this.next = null, o && this.show(o.image, o.captureMs);
	}
	fail(e) {
		this.closed || (this.close(), this.report({
			type: "failed",
			message: e.message
		}));
	}
	close() {
		this.closed = !0, this.decoder?.close(), this.next?.image.close(), this.next = null;
	}
}, a = 1e3 / 60;
addEventListener("message", ({ data: { port: e, canvas: t } }) => {
	let n = new i(t, (t) => e.postMessage(t));
	e.onmessage = ({ data: t }) => {
		n.obey(t), t.type === "close" && e.close();
	};
}), postMessage("ready");
