/** An error as the SDK throws it: the server's code as its name, the request with its signature inside. */
export function sdkFailure(name: string, httpStatusCode?: number, message = 'AKIDEXAMPLE signed hunter2'): Error {
  const error = new Error(message);
  error.name = name;
  return Object.assign(error, {
    $metadata: { httpStatusCode },
    AWSAccessKeyId: 'AKIDEXAMPLE',
    StringToSign: 'AWS4-HMAC-SHA256 hunter2',
  });
}
