/** Connection strings carry passwords: everything between `//user:` and the last `@` goes, and a parameter `password`. */
export function redactUrls(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:/@]*):[^\s/]*@/g, '$1:***@').replace(/([?&]password=)[^\s&]*/gi, '$1***');
}
