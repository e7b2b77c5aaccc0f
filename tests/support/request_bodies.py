"""The keywords of each documented request body."""

from __future__ import annotations

from assistants_async.models import params, params_files, params_vector_stores

BODIES: dict[str, type] = {
    "CreateAssistantRequest": params.CreateAssistantParams,
    "ModifyAssistantRequest": params.ModifyAssistantParams,
    "CreateAssistantFileRequest": params.CreateAssistantFileParams,
    "CreateThreadRequest": params.CreateThreadParams,
    "ModifyThreadRequest": params.ModifyThreadParams,
    "CreateThreadAndRunRequest": params.CreateThreadAndRunParams,
    "CreateMessageRequest": params.CreateMessageParams,
    "ModifyMessageRequest": params.ModifyMessageParams,
    "CreateRunRequest": params.CreateRunParams,
    "ModifyRunRequest": params.ModifyRunParams,
    "SubmitToolOutputsRunRequest": params.SubmitToolOutputsParams,
    "CreateFileRequest": params_files.CreateFileParams,
    "CreateVectorStoreRequest": params_vector_stores.CreateVectorStoreParams,
    "UpdateVectorStoreRequest": params_vector_stores.ModifyVectorStoreParams,
    "VectorStoreSearchRequest": params_vector_stores.SearchVectorStoreParams,
    "CreateVectorStoreFileRequest": params_vector_stores.CreateVectorStoreFileParams,
    "UpdateVectorStoreFileAttributesRequest": params_vector_stores.ModifyVectorStoreFileParams,
    "CreateVectorStoreFileBatchRequest": params_vector_stores.CreateVectorStoreFileBatchParams,
    "CreateUploadRequest": params_vector_stores.CreateUploadParams,
    "AddUploadPartRequest": params_vector_stores.AddUploadPartParams,
    "CompleteUploadRequest": params_vector_stores.CompleteUploadParams,
}
