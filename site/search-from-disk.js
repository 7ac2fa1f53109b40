// Stands in for Worker on pages that are read from the disk: runs the script in a hidden frame.
window.Worker = class extends EventTarget {
  constructor(address) {
    super()
    const frame = document.createElement("iframe")
    frame.hidden = true
    document.body.append(frame)
    this.inside = frame.contentWindow
    this.inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
    this.started = new Promise(resolve => {
      const script = frame.contentDocument.createElement("script")
      script.src = address
      script.onload = resolve
      frame.contentDocument.body.append(script)
    })
  }

  postMessage(data) {
    this.started.then(() => this.inside.dispatchEvent(new this.inside.MessageEvent("message", { data })))
  }
}
